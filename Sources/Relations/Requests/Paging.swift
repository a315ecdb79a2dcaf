/// Pages of each key's rows by position: which way they go from it, and what a position is.
package struct Paging: Hashable, Sendable {
    /// The raw value is the member of the request.
    package enum Direction: String, Hashable, Sendable {
        /// The rows behind the position.
        case after
        /// The rows in front of the position, in the stated order like the others.
        case before
    }

    /// The greatest number of columns: a condition has about half the square of it comparisons, and the
    /// server takes seconds to plan one with hundreds of columns.
    static let maxColumns = 16

    package let direction: Direction
    /// One column for each term of the selection's order; a position has a value of each.
    package let columns: [Column]

    package init(_ direction: Direction, columns: [Column]) {
        self.direction = direction
        self.columns = columns
    }
}

/// A place among the rows of a key: the values that a row there has in the columns of ``Paging/columns``; nil
/// for `NULL`.
package struct Position: Hashable, Sendable {
    package let values: [Scalar?]

    package init(_ values: [Scalar?]) {
        self.values = values
    }

    /// The number of bytes that the position takes in a statement, roughly: each value may stand there once
    /// for each column, beside a column's name, and as often again for the conversion into its character set.
    package var byteCount: Int {
        values.count * values.reduce(0) { $0 + 64 + 3 * ($1?.byteCount ?? 0) }
    }
}

/// What a client wrote in `after` or `before`, not yet checked: only whether the request has `key` or `keys`
/// says if `[null,null]` is one position or two.
package enum PositionInput: Hashable, Sendable {
    /// `null`, the first page, or the last one if pages go backwards.
    case end
    /// `[1327,33]` for one key, `[[1327,33],null]` for several.
    case list([KeyInput])
}

// MARK: What can be paged

extension Relationship {
    /// Checks that the rows of each key stand in one order without ties, so that there are pages by position.
    /// - Parameter path: the path to the options in the request.
    /// - Throws: `bad_request`, with a sentence that says why there are none.
    func paging(
        _ options: LoadOptions, _ order: [OrderTerm], at path: RequestPath
    ) throws(Failure) -> Paging? {
        guard let direction = options.pageDirection else { return nil }
        let member = path.member(direction.rawValue)
        if let obstacle = pagingObstacle { throw member.failure(.badRequest, obstacle) }
        if options.offset != nil {
            throw path.member("offset").failure(
                .badRequest, "a page begins at its position; leave 'offset' out")
        }
        if options.limit == 0 { throw path.member("limit").failure(.badRequest, "a page has 1 row or more") }
        guard order.count <= Paging.maxColumns else {
            throw member.failure(
                .badRequest,
                "a position has at most \(Paging.maxColumns) values, and this order with the primary key has "
                    + "\(order.count) columns")
        }
        var columns: [Column] = []
        for term in order {
            guard let column = (self.columns + primaryKey).first(where: { $0.name == term.column }) else {
                throw member.failure(
                    .badRequest,
                    "the relationship's order has '\(term.column)', which it does not show; give an 'order' of "
                        + "shown columns")
            }
            if let obstacle = column.positionObstacle(dialect) {
                throw member.failure(
                    .badRequest, "no position can be given in an order by '\(column.name)': \(obstacle)")
            }
            columns.append(column)
        }
        return Paging(direction, columns: columns)
    }

    private var pagingObstacle: String? {
        if kind == .one { return "'\(name)' is to-one: it has no pages" }
        if primaryKey.isEmpty {
            return "'\(table)' has no primary key, so that no row of '\(name)' has a position of its own"
        }
        guard mayRepeatRows else { return nil }
        return "the join of '\(name)' may find a row several times, so that it has no position of its own; "
            + "'distinct = true' in its configuration makes it one row"
    }
}
