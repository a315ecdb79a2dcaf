extension Relationship {
    /// Checks the options that decide which rows come back.
    /// - Parameter path: the path to the options in the request.
    /// - Throws: `bad_request`, `unknown_column` or `bad_value`, with a message that begins with the path to
    ///   the fault.
    package func selection(_ options: LoadOptions, at path: RequestPath) throws(Failure) -> Selection {
        if options.isCount { try checkCount(options, path) }
        if kind == .one, options.limit != nil || options.offset != nil {
            let member = path.member(options.limit != nil ? "limit" : "offset")
            throw member.failure(.badRequest, "'\(name)' is to-one: it answers one row at most")
        }
        let order = options.isCount ? [] : try order(options.order, path.member("order"))
        return Selection(
            conditions: try conditions(options.filters, path.member("where")), order: order,
            limit: options.limit, offset: options.offset ?? 0,
            paging: try paging(options, order, at: path), isCount: options.isCount)
    }

    /// Checks which columns are to be shown.
    /// - Parameter path: the path to the options in the request.
    /// - Returns: the columns, in the order in which rows show them.
    /// - Throws: `bad_request` or `unknown_column`, with a message that begins with the path to the fault.
    package func shown(_ options: LoadOptions, at path: RequestPath) throws(Failure) -> [Column] {
        guard let names = options.columns else { return columns }
        let path = path.member("columns")
        guard !names.isEmpty else {
            throw path.failure(.badRequest, "the list is empty; leave it out for all")
        }
        var seen: Set<String> = []
        var shown: [Column] = []
        for name in names {
            guard seen.insert(name).inserted else {
                throw path.failure(.badRequest, "\(QuotedInput.quoted(name)) stands twice")
            }
            shown.append(try column(name, path))
        }
        return shown
    }

    private func checkCount(_ options: LoadOptions, _ path: RequestPath) throws(Failure) {
        let others = [
            ("columns", options.columns != nil), ("order", options.order != nil),
            ("limit", options.limit != nil), ("offset", options.offset != nil),
            (options.pageDirection?.rawValue ?? "", options.pageDirection != nil),
            ("include", !options.includes.isEmpty),
        ]
        guard let other = others.first(where: \.1) else { return }
        throw path.member(other.0).failure(.badRequest, "'count' goes with 'where' only")
    }

    /// The column of that name. One that the relationship does not show is as unknown as one that does not
    /// exist.
    private func column(_ name: String, _ path: RequestPath) throws(Failure) -> Column {
        if let column = columns.first(where: { $0.name == name }) { return column }
        let hint = Suggestion.hint(to: name, among: columns.map(\.name))
        throw path.failure(
            .unknownColumn, "'\(self.name)' shows no column \(QuotedInput.quoted(name))\(hint)")
    }

    private func order(_ terms: [OrderTerm]?, _ path: RequestPath) throws(Failure) -> [OrderTerm] {
        guard let terms else { return order }
        var seen: Set<String> = []
        for term in terms {
            _ = try column(term.column, path)
            guard seen.insert(term.column).inserted else {
                throw path.failure(.badRequest, "\(QuotedInput.quoted(term.column)) stands twice")
            }
        }
        return totalOrder(terms)
    }

    // MARK: Filters

    private func conditions(_ filters: [FilterInput], _ path: RequestPath) throws(Failure) -> [Condition] {
        var found: [(rank: String, condition: Condition)] = []
        for filter in filters {
            let path = path.member(filter.column)
            let column = try column(filter.column, path)
            guard KeyFamily(column.type) != nil else {
                throw path.failure(.badRequest, "a column of type \(column.declaration) cannot be filtered")
            }
            guard !filter.comparisons.isEmpty else {
                throw path.failure(
                    .badRequest, "no comparison is given; write a value or {\"gte\":10}")
            }
            for comparison in filter.comparisons {
                let rank = filter.column + "\0" + comparison.operator.rawValue
                found.append((rank, Condition(column, try column.comparison(comparison, path))))
            }
        }
        return found.sorted { $0.rank < $1.rank }.map(\.condition)
    }
}

extension Column {
    fileprivate func comparison(
        _ input: FilterInput.Comparison, _ path: RequestPath
    ) throws(Failure) -> Comparison {
        switch input.operand {
        case .list(let literals):
            guard input.operator == .in else {
                throw path.failure(.badRequest, "'\(input.operator.rawValue)' takes one value, not a list")
            }
            return try anyOf(literals, path)
        case .value(.null): return try null(input.operator, path)
        case .value(let literal): return try single(input.operator, literal, path)
        }
    }

    /// The greatest number of values in a list. The server would turn a longer one into a temporary table:
    /// https://mariadb.com/kb/en/conversion-of-big-in-predicates-into-subqueries/
    private static let maxListValues = 900

    private func anyOf(_ literals: [Literal], _ path: RequestPath) throws(Failure) -> Comparison {
        var scalars: [Scalar] = []
        var seen: Set<Scalar> = []
        for literal in literals where literal != .null {
            let scalar = try value(literal, path)
            if seen.insert(scalar).inserted { scalars.append(scalar) }
        }
        guard scalars.count <= Self.maxListValues else {
            throw path.failure(
                .badRequest,
                "a list has \(Self.maxListValues) different values at most, and this one \(scalars.count)")
        }
        let hasNull = literals.contains(.null)
        // [null] is the same as null, and [1] as 1.
        if scalars.isEmpty, hasNull { return .isNull }
        if scalars.count == 1, !hasNull { return .equal(scalars[0]) }
        return .any(scalars, orNull: hasNull)
    }

    private func null(_ operator: Comparison.Operator, _ path: RequestPath) throws(Failure) -> Comparison {
        switch `operator` {
        case .eq: return .isNull
        case .ne: return .isNotNull
        case .in: throw path.failure(.badRequest, "'in' takes a list")
        case .lt, .lte, .gt, .gte, .like:
            throw path.failure(.badValue, "'\(`operator`.rawValue)' with null is never true")
        }
    }

    private func single(
        _ operator: Comparison.Operator, _ literal: Literal, _ path: RequestPath
    ) throws(Failure) -> Comparison {
        switch `operator` {
        case .eq: return .equal(try value(literal, path))
        case .ne: return .notEqual(try value(literal, path))
        case .lt: return .less(try value(literal, path))
        case .lte: return .lessOrEqual(try value(literal, path))
        case .gt: return .greater(try value(literal, path))
        case .gte: return .greaterOrEqual(try value(literal, path))
        case .in: throw path.failure(.badRequest, "'in' takes a list")
        case .like:
            guard case .text = type else {
                throw path.failure(.badRequest, "'like' is for text columns, and this one is \(declaration)")
            }
            guard case .string(let pattern) = literal else {
                throw path.failure(.badValue, "'like' takes a string")
            }
            return .like(pattern)
        }
    }

    private func value(_ literal: Literal, _ path: RequestPath) throws(Failure) -> Scalar {
        do {
            return try Scalar(literal, as: type)
        } catch {
            throw path.failure(.badValue, error.message)
        }
    }
}
