package import Relations

/// A query, and how to read its rows: first the columns that ``attribution`` tells of, then the type guards,
/// then the columns that were asked for, in order.
package struct Statement: Hashable, Sendable {
    package let sql: [UInt8]
    package let attribution: Attribution
    /// The types of the columns that are compared with a key or a filter's value and that the rows do not
    /// show. Their values are not needed: that they come back with these types proves that the literals were
    /// written for them.
    package let typeGuards: [ColumnType]

    /// The types of a row's columns before those that were asked for.
    package var leadingTypes: [ColumnType] {
        switch attribution {
        case .single, .shown: typeGuards
        case .values(let types): types + typeGuards
        case .ordinal: [.integer(bits: 64, signed: true, zerofill: false)] + typeGuards
        }
    }
}
