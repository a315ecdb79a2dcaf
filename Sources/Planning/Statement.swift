package import Relations

/// A query, and how to read its rows: first the columns that ``attribution`` names, then the type guards,
/// then the columns that were asked for, in order.
package struct Statement: Hashable, Sendable {
    package let sql: [UInt8]
    package let attribution: Attribution
    /// The types of the columns that are compared with a key or a filter's value and that the rows do not
    /// show. Their values are not needed: that they come back with these types proves that the literals were
    /// written for them.
    package let typeGuards: [ColumnType]
    /// Where in `sql` the `SELECT` begins: before it, there may be what changes the session's settings for
    /// it.
    private let selectOffset: Int
    private let dialect: Dialect

    init(_ sql: SQLWriter, attribution: Attribution, typeGuards: [ColumnType]) {
        self.sql = sql.bytes
        self.attribution = attribution
        self.typeGuards = typeGuards
        selectOffset = sql.selectOffset
        dialect = sql.dialect
    }

    // EXPLAIN SELECT …
    // SET STATEMENT … FOR EXPLAIN SELECT …
    /// The statement that has the server show its plan of this one as a table.
    package var explaining: [UInt8] {
        sql[..<selectOffset] + Array(dialect.explain.utf8) + sql[selectOffset...]
    }

    // SELECT … LIMIT 0
    /// The statement that has the server do all but bring rows.
    /// - Precondition: its selection has no limit and no offset.
    package var withoutRows: [UInt8] { sql + Array(" LIMIT 0".utf8) }

    /// The types of a row's columns before those that were asked for.
    package var leadingTypes: [ColumnType] {
        switch attribution {
        case .single, .shown: typeGuards
        case .values(let types): types + typeGuards
        case .ordinal: [.integer(bits: 64, signed: true, zerofill: false)] + typeGuards
        }
    }

    /// The number of a row's columns before those that were asked for.
    package var leadingCount: Int {
        switch attribution {
        case .single, .shown: typeGuards.count
        case .values(let types): types.count + typeGuards.count
        case .ordinal: 1 + typeGuards.count
        }
    }
}
