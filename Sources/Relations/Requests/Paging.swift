/// Pages of each key's rows by position: which way they go from it, and what a position is.
package struct Paging: Hashable, Sendable {
    /// The raw value is the member of the request.
    package enum Direction: String, Hashable, Sendable {
        /// The rows behind the position.
        case after
        /// The rows in front of the position, in the stated order like the others.
        case before
    }

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
    /// for each column.
    package var byteCount: Int {
        values.count * values.reduce(0) { $0 + ($1?.byteCount ?? 4) }
    }
}

/// What a client wrote in `after` or `before`, not yet checked: only whether the request has `key` or `keys`
/// says if `[null,null]` is one position or two.
package struct PageInput: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        /// `null`, the first page, or the last one if pages go backwards.
        case end
        /// `[1327,33]` for one key, `[[1327,33],null]` for several.
        case list([KeyInput])
    }

    package let direction: Paging.Direction
    package let value: Value

    package init(_ direction: Paging.Direction, _ value: Value) {
        self.direction = direction
        self.value = value
    }
}

// MARK: What can be paged

extension Relationship {
    /// Checks that the rows of each key stand in one order without ties, so that there are pages by position.
    /// - Parameter path: the path to the options in the request.
    /// - Throws: `bad_request`, with a sentence that says why there are none.
    func paging(
        _ options: LoadOptions, _ order: [OrderTerm], at path: RequestPath
    ) throws(Failure) -> Paging? {
        guard let page = options.page else { return nil }
        let member = path.member(page.direction.rawValue)
        if let obstacle = pagingObstacle { throw member.failure(.badRequest, obstacle) }
        if options.offset != nil {
            throw path.member("offset").failure(
                .badRequest, "a page begins at its position; leave 'offset' out")
        }
        if options.limit == 0 { throw path.member("limit").failure(.badRequest, "a page has 1 row or more") }
        var columns: [Column] = []
        for term in order {
            guard let column = (self.columns + primaryKey).first(where: { $0.name == term.column }) else {
                throw member.failure(.badRequest, "'\(term.column)' is not to be read")
            }
            if let obstacle = column.positionObstacle {
                throw member.failure(
                    .badRequest, "no position can be given in an order by '\(column.name)': \(obstacle)")
            }
            columns.append(column)
        }
        return Paging(page.direction, columns: columns)
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

extension Column {
    /// Why the column's values do not say where a row stands among others; nil if they do.
    fileprivate var positionObstacle: String? {
        switch type {
        case .json, .geometry: "a \(declaration) cannot be compared with a value"
        case .enumeration, .set: "an ENUM or SET is sorted by the numbers of its labels"
        case .text(let length, _, _), .binary(let length):
            if length > Self.maxSortedLength {
                "the server sorts a \(declaration) by its beginning only"
            } else if type.mayLackCharacters {
                "what its character set has no character for is shown as '?'"
            } else {
                nil
            }
        case .integer, .year, .bit, .decimal, .float, .double, .date, .time, .datetime, .timestamp, .uuid,
            .inet4, .inet6:
            nil
        }
    }

    /// The length of a `TEXT`. The server sorts by so many bytes of a value at most as `max_sort_length`
    /// says, which can be set to 8 MiB.
    private static let maxSortedLength = 65535
}

// MARK: Positions

extension Paging {
    /// Checks the position that a client gave for a single key.
    /// - Returns: nil for the first page.
    /// - Throws: `bad_value`, with a message that begins with the member.
    package func position(_ value: PageInput.Value) throws(Failure) -> Position? {
        switch value {
        case .end: return nil
        case .list(let elements):
            var literals: [Literal] = []
            for element in elements {
                guard case .scalar(let literal) = element else { throw wrong("a list within a list") }
                literals.append(literal)
            }
            return try position(literals)
        }
    }

    /// Checks one of the positions that a client gave for several keys.
    /// - Returns: nil for the first page.
    /// - Throws: `bad_value`, with a message that begins with the member.
    package func position(_ element: KeyInput) throws(Failure) -> Position? {
        switch element {
        case .scalar(.null): return nil
        case .list(let literals): return try position(literals)
        case .scalar: throw wrong("a single value")
        case .unusable(let found): throw wrong(found)
        }
    }

    private func position(_ literals: [Literal]) throws(Failure) -> Position {
        guard literals.count == columns.count else { throw wrong("\(literals.count)") }
        var values: [Scalar?] = []
        for (column, literal) in zip(columns, literals) {
            values.append(try value(literal, of: column))
        }
        return Position(values)
    }

    private func value(_ literal: Literal, of column: Column) throws(Failure) -> Scalar? {
        if literal == .null { return nil }
        do {
            return try Scalar(literal, as: column.type)
        } catch {
            throw Failure(.badValue, "\(direction.rawValue), column '\(column.name)': \(error.message)")
        }
    }

    private func wrong(_ found: String) -> Failure {
        let names = columns.map(\.name).joined(separator: ", ")
        return Failure(
            .badValue,
            "\(direction.rawValue): a position has \(columns.count) values (\(names)), not \(found)")
    }
}
