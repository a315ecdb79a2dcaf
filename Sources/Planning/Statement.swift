package import Relations

/// How a row of the result says which key it belongs to.
package enum Attribution: Hashable, Sendable {
    /// Only one key was asked for: every row is its own.
    case single
    /// The row starts with the matched columns of these types, whose values equal the key's exactly if their
    /// canonical forms do.
    case values([ColumnType])
    /// The row starts with the key's place in the batch, counted from 1. The database alone compared the keys.
    case ordinal
}

/// A query, and how to read its rows: first what attribution says, then the relationship's columns in order.
package struct Statement: Hashable, Sendable {
    package let sql: [UInt8]
    package let attribution: Attribution
    /// Whether a warning of the server may mean that `JSON_TABLE` changed a key, so that the keys must be asked alone.
    package let suspectsWarnings: Bool

    /// Columns of a row before the relationship's own.
    package var leadingColumns: Int {
        switch attribution {
        case .single: 0
        case .values(let types): types.count
        case .ordinal: 1
        }
    }
}
