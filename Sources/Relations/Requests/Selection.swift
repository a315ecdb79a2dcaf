/// A condition that a row of the related table must satisfy.
package struct Condition: Hashable, Sendable {
    package let column: Column
    package let comparison: Comparison

    package init(_ column: Column, _ comparison: Comparison) {
        self.column = column
        self.comparison = comparison
    }
}

/// How a column's value is compared, and with what.
package enum Comparison: Hashable, Sendable {
    /// The operators that a client can write; the raw value is the one on the wire.
    package enum Operator: String, Hashable, Sendable, CaseIterable {
        case eq, ne, lt, lte, gt, gte, `in`, like
    }

    case isNull
    case isNotNull
    case equal(Scalar)
    case notEqual(Scalar)
    case less(Scalar)
    case lessOrEqual(Scalar)
    case greater(Scalar)
    case greaterOrEqual(Scalar)
    /// Compares with a pattern in UTF-8 that may contain `%`, `_`, and `\` before a character that means
    /// itself.
    case like([UInt8])
    /// True of a value that equals one of these, which are all different, or that is `NULL` if that is
    /// allowed. Without values and without `NULL` it is true of nothing.
    case any([Scalar], orNull: Bool)

    /// What the column is compared with.
    package var values: [Scalar] {
        switch self {
        case .isNull, .isNotNull: []
        case .equal(let value), .notEqual(let value), .less(let value), .lessOrEqual(let value),
            .greater(let value), .greaterOrEqual(let value):
            [value]
        case .like(let pattern): [.text(pattern)]
        case .any(let values, _): values
        }
    }
}

/// Which related rows of each key are wanted, and in which order. Loads of one relationship with equal
/// selections can share a query, whichever columns each of them shows.
package struct Selection: Hashable, Sendable {
    /// The conditions, which must all hold. They are sorted, so that a filter whose members are written in
    /// another order gives the same selection.
    package let conditions: [Condition]
    /// The columns to sort by, with those of the primary key at the end; empty if rows are counted.
    package let order: [OrderTerm]
    /// The greatest number of rows for each key; nil if all are wanted.
    package let limit: Int?
    /// The number of rows of each key that are left out at the beginning.
    package let offset: Int
    /// How positions say which rows are wanted; nil if they do not. The positions themselves belong to the
    /// keys, so that loads with different ones share a query.
    package let paging: Paging?
    /// Whether the number of rows is wanted instead of the rows.
    package let isCount: Bool

    package init(
        conditions: [Condition] = [], order: [OrderTerm] = [], limit: Int? = nil, offset: Int = 0,
        paging: Paging? = nil, isCount: Bool = false
    ) {
        self.conditions = conditions
        self.order = order
        self.limit = limit
        self.offset = offset
        self.paging = paging
        self.isCount = isCount
    }

    /// Selects all related rows, in the relationship's own order.
    package init(allOf relationship: Relationship) {
        self.init(order: relationship.order)
    }

    /// Whether no row can satisfy the selection, so that no query is needed.
    package var isEmpty: Bool {
        limit == 0 || conditions.contains { $0.comparison == .any([], orNull: false) }
    }

    /// Whether rows are left out at the beginning or at the end of each key's.
    package var isCut: Bool { limit != nil || offset > 0 }

    /// Whether the wanted rows are those in front of a position, and so are read backwards.
    package var isBackwards: Bool { paging?.direction == .before }

    /// The order in which rows are read, which begins at the position.
    package var readOrder: [OrderTerm] {
        guard isBackwards else { return order }
        return order.map { OrderTerm(column: $0.column, descending: !$0.descending) }
    }

    /// The number of rows that are read of each key at most: of a page one more, which says whether there
    /// are more.
    package var readLimit: Int? {
        paging == nil ? limit : limit.map { $0 + 1 }
    }

    /// The number of bytes that the values of the conditions take in a statement, roughly.
    package var byteCount: Int {
        conditions.reduce(0) { sum, condition in
            condition.comparison.values.reduce(sum) { $0 + $1.byteCount }
        }
    }

    /// The names of the columns that must equal one value, whose rows an index finds without reading others.
    package var equalColumns: [String] {
        conditions.compactMap { condition in
            switch condition.comparison {
            case .isNull, .equal: condition.column.name
            case .isNotNull, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .like, .any: nil
            }
        }
    }
}
