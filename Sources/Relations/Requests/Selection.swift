/// What a row of the related table must satisfy.
package struct Condition: Hashable, Sendable {
    package let column: Column
    package let comparison: Comparison

    package init(_ column: Column, _ comparison: Comparison) {
        self.column = column
        self.comparison = comparison
    }
}

package enum Comparison: Hashable, Sendable {
    /// The operators that a client writes; the raw value is what stands on the wire.
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
    /// UTF-8, with `%`, `_`, and `\` before a character that means itself.
    case like([UInt8])
    /// Any of these, each once. No values and no `NULL`: nothing satisfies it.
    case any([Scalar], orNull: Bool)
}

/// Which related rows of a key are wanted, and in which order. Loads of one relationship with equal selections can
/// share a query, whatever columns each of them shows.
package struct Selection: Hashable, Sendable {
    /// All must hold. Sorted, so that the same filter written in another order is the same selection.
    package let conditions: [Condition]
    /// With the primary key's columns at its end.
    package let order: [OrderTerm]
    /// Rows per key; nil: all.
    package let limit: Int?
    /// Rows of each key that are passed over.
    package let offset: Int
    /// The number of rows is wanted, and not the rows.
    package let isCount: Bool

    package init(
        conditions: [Condition] = [], order: [OrderTerm] = [], limit: Int? = nil, offset: Int = 0,
        isCount: Bool = false
    ) {
        self.conditions = conditions
        self.order = order
        self.limit = limit
        self.offset = offset
        self.isCount = isCount
    }

    /// All relatives in the relationship's own order.
    package init(allOf relationship: Relationship) {
        self.init(order: relationship.order)
    }

    /// Whether no row can be in it, so that nothing needs to be asked.
    package var isEmpty: Bool {
        limit == 0 || conditions.contains { $0.comparison == .any([], orNull: false) }
    }

    /// Rows are cut off at either end of each key's.
    package var isCut: Bool { limit != nil || offset > 0 }

    /// About how many bytes the values of the conditions take in a statement.
    package var byteCount: Int {
        conditions.reduce(0) { sum, condition in
            switch condition.comparison {
            case .isNull, .isNotNull: sum
            case .equal(let value), .notEqual(let value), .less(let value), .lessOrEqual(let value),
                .greater(let value), .greaterOrEqual(let value):
                sum + value.byteCount
            case .like(let pattern): sum + pattern.count
            case .any(let values, _): values.reduce(sum) { $0 + $1.byteCount }
            }
        }
    }

    /// What an index finds without reading others: columns that must equal one value.
    package var equalColumns: [String] {
        conditions.compactMap { condition in
            switch condition.comparison {
            case .isNull, .equal: condition.column.name
            case .isNotNull, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .like, .any: nil
            }
        }
    }
}
