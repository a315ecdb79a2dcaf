package import Relations

/// A query, and how to read its rows: first what attribution says, then the typeGuards,
/// then the relationship's columns in order.
package struct Statement: Hashable, Sendable {
    package let sql: [UInt8]
    package let attribution: Attribution
    /// Columns that are compared with a key or a filter's value, and that the rows do not show. Their values are not
    /// needed; that they come back proves that they still have the type that the value was written for.
    package let typeGuards: [ColumnType]

    /// The types of a row's columns before the relationship's own.
    package var leadingTypes: [ColumnType] {
        switch attribution {
        case .single, .shown: typeGuards
        case .values(let types): types + typeGuards
        case .ordinal: [.integer(bits: 64, signed: true, zerofill: false)] + typeGuards
        }
    }
}
