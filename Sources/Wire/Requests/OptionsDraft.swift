import Relations

/// What has been read of a load's options, or of those of a relationship that it includes. Like the request
/// itself, they are read to their end, whatever is wrong with them.
struct OptionsDraft {
    private(set) var options = LoadOptions()
    /// What `after` or `before` has.
    private(set) var positions: PositionInput?
    /// The first mistake.
    private(set) var problem: Failure?
    private let path: RequestPath
    /// The number of levels of `include` that are still allowed within this one.
    private let depthLeft: Int
    /// The number of relationships that can still be included, here or within others.
    private var includesLeft: Int

    init(at path: RequestPath, depthLeft: Int, includesLeft: Int) {
        self.path = path
        self.depthLeft = depthLeft
        self.includesLeft = includesLeft
    }

    /// Reads the value of a member that has not been read before.
    mutating func read(_ member: Member, _ scanner: inout JSONScanner) throws(JSONError) {
        switch member {
        case .columns: options.columns = try readColumns(&scanner)
        case .where: try readWhere(&scanner)
        case .order: options.order = try readOrder(&scanner)
        case .limit: options.limit = try readNumber(.limit, &scanner)
        case .offset: options.offset = try readNumber(.offset, &scanner)
        case .count: try readCount(&scanner)
        case .include: try readInclude(&scanner)
        case .after: try readPage(.after, &scanner)
        case .before: try readPage(.before, &scanner)
        case .id, .load, .key, .keys, .parent, .parents, .op, .timeoutMs, .sourceVersion, .target, .token:
            note(path.member("\(member.name)"), "belongs to the whole request")
            try scanner.skipValue()
        }
    }

    private mutating func note(
        _ path: RequestPath, _ message: @autoclosure () -> String, code: Failure.Code = .badRequest
    ) {
        if problem == nil { problem = path.failure(code, message()) }
    }

    private mutating func noteKind(_ path: RequestPath, needs: String, found: String) {
        note(path, "must be \(needs), not \(found)")
    }

    /// Reads the members of an object, which must all differ.
    private mutating func readMembers(
        _ path: RequestPath, needs: String, _ scanner: inout JSONScanner,
        _ member: (inout OptionsDraft, inout JSONScanner, JSONString) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard scanner.byte == UInt8(ascii: "{") else {
            noteKind(path, needs: needs, found: scanner.kind)
            return try scanner.skipValue()
        }
        var seen: Set<[UInt8]> = []
        try scanner.object { scanner, name throws(JSONError) in
            guard seen.insert(scanner.decoded(name)).inserted else { throw scanner.repeated(name) }
            try member(&self, &scanner, name)
        }
    }
}

// MARK: Columns, order, numbers

extension OptionsDraft {
    // "columns":["id","title"]
    private mutating func readColumns(_ scanner: inout JSONScanner) throws(JSONError) -> [String]? {
        let path = path.member("columns")
        guard scanner.byte == UInt8(ascii: "[") else {
            noteKind(path, needs: "a list of column names", found: scanner.kind)
            try scanner.skipValue()
            return nil
        }
        var names: [String] = []
        try scanner.list { scanner throws(JSONError) in
            guard scanner.byte == UInt8(ascii: "\"") else {
                noteKind(path, needs: "a list of column names", found: scanner.kind + " within a list")
                return try scanner.skipValue()
            }
            names.append(scanner.text(try scanner.string()))
        }
        return names
    }

    // "order":["-published",{"column":"-odd","desc":true}]
    private mutating func readOrder(_ scanner: inout JSONScanner) throws(JSONError) -> [OrderTerm]? {
        let path = path.member("order")
        let needs = "a list of column names, or of {\"column\":…,\"desc\":…}"
        guard scanner.byte == UInt8(ascii: "[") else {
            noteKind(path, needs: needs, found: scanner.kind)
            try scanner.skipValue()
            return nil
        }
        var terms: [OrderTerm] = []
        try scanner.list { scanner throws(JSONError) in
            switch scanner.byte {
            case UInt8(ascii: "\""):
                let text = scanner.text(try scanner.string())
                let descending = text.hasPrefix("-")
                terms.append(
                    OrderTerm(column: descending ? String(text.dropFirst()) : text, descending: descending))
            case UInt8(ascii: "{"): if let term = try readTerm(path, &scanner) { terms.append(term) }
            default:
                noteKind(path, needs: needs, found: scanner.kind + " within a list")
                try scanner.skipValue()
            }
        }
        return terms
    }

    // {"column":"-odd","desc":true}
    private mutating func readTerm(
        _ path: RequestPath, _ scanner: inout JSONScanner
    ) throws(JSONError) -> OrderTerm? {
        var column: String?
        var descending = false
        try readMembers(path, needs: "an object", &scanner) { draft, scanner, name throws(JSONError) in
            switch (scanner.text(name), scanner.byte) {
            case ("column", UInt8(ascii: "\"")): column = scanner.text(try scanner.string())
            case ("desc", UInt8(ascii: "t")), ("desc", UInt8(ascii: "f")): descending = try scanner.bool()
            case (let name, _):
                draft.note(
                    path,
                    "\(QuotedInput.quoted(name)) is unknown or of the wrong kind: write {\"column\":…,\"desc\":true}"
                )
                try scanner.skipValue()
            }
        }
        if column == nil { note(path, "member 'column' is missing in {\"column\":…,\"desc\":true}") }
        return column.map { OrderTerm(column: $0, descending: descending) }
    }

    // "limit":3, "offset":6
    private mutating func readNumber(
        _ member: Member, _ scanner: inout JSONScanner
    ) throws(JSONError) -> Int? {
        let kind = scanner.kind
        guard let value = try scanner.literal() else {
            noteNumber(member, kind)
            return nil
        }
        switch value {
        case .integer(let number) where (0...Int64(Int32.max)).contains(number): return Int(number)
        case .integer(let number): noteNumber(member, "\(number)")
        case .number(let text): noteNumber(member, QuotedInput.quoted(text))
        case .null, .bool, .string: noteNumber(member, kind)
        }
        return nil
    }

    private mutating func noteNumber(_ member: Member, _ found: String) {
        noteKind(path.member("\(member.name)"), needs: "an integer from 0 to 2147483647", found: found)
    }

    // "count":true
    private mutating func readCount(_ scanner: inout JSONScanner) throws(JSONError) {
        let kind = scanner.kind
        guard case .bool(let isCount)? = try scanner.literal() else {
            return noteKind(path.member("count"), needs: "true or false", found: kind)
        }
        options.isCount = isCount
    }
}

// MARK: Pages

extension OptionsDraft {
    // "after":[1327,33], with keys "after":[[1327,33],null]
    private mutating func readPage(
        _ direction: Paging.Direction, _ scanner: inout JSONScanner
    ) throws(JSONError) {
        let path = path.member(direction.rawValue)
        guard self.path == .root else {
            note(path, "what is included has no pages by position; load it by itself")
            return try scanner.skipValue()
        }
        if let other = options.pageDirection {
            note(path, "a page is after one position or before one; '\(other.rawValue)' is there already")
            return try scanner.skipValue()
        }
        let found = scanner.kind
        positions = try scanner.positionInput()
        options.pageDirection = direction
        if positions == nil { noteKind(path, needs: "a list of values or null", found: found) }
    }
}

extension JSONScanner {
    /// Reads what `after` or `before` has; nil for any value that is neither a list nor `null`, which is
    /// walked over.
    mutating func positionInput() throws(JSONError) -> PositionInput? {
        switch byte {
        case UInt8(ascii: "n"):
            try null()
            return .end
        case UInt8(ascii: "["):
            var elements: [KeyInput] = []
            try list { scanner throws(JSONError) in elements.append(try scanner.keyInput()) }
            return .list(elements)
        default:
            try skipValue()
            return nil
        }
    }
}

// MARK: Filters

extension OptionsDraft {
    // "where":{"status":"published","price":{"gte":10,"lt":20},"lang":["en","fr"],"deleted_at":null}
    private mutating func readWhere(_ scanner: inout JSONScanner) throws(JSONError) {
        let path = path.member("where")
        try readMembers(path, needs: "an object", &scanner) { draft, scanner, name throws(JSONError) in
            let column = scanner.text(name)
            let comparisons = try draft.readComparisons(path.member(column), &scanner)
            draft.options.filters.append(FilterInput(column: column, comparisons: comparisons))
        }
    }

    private mutating func readComparisons(
        _ path: RequestPath, _ scanner: inout JSONScanner
    ) throws(JSONError) -> [FilterInput.Comparison] {
        guard scanner.byte == UInt8(ascii: "{") else {
            guard let operand = try readOperand(path, &scanner) else { return [] }
            if case .list = operand { return [.init(.in, operand)] }
            return [.init(.eq, operand)]
        }
        var comparisons: [FilterInput.Comparison] = []
        try readMembers(path, needs: "an object", &scanner) { draft, scanner, name throws(JSONError) in
            let text = scanner.text(name)
            guard let sign = Comparison.Operator(rawValue: text) else {
                let known = Comparison.Operator.allCases.map(\.rawValue)
                draft.note(
                    path.member(text),
                    "unknown operator; the operators are \(known.joined(separator: ", "))"
                        + Suggestion.hint(to: text, among: known))
                return try scanner.skipValue()
            }
            guard let operand = try draft.readOperand(path.member(text), &scanner) else { return }
            comparisons.append(.init(sign, operand))
        }
        return comparisons
    }

    private mutating func readOperand(
        _ path: RequestPath, _ scanner: inout JSONScanner
    ) throws(JSONError) -> FilterInput.Operand? {
        let kind = scanner.kind
        guard scanner.byte == UInt8(ascii: "[") else {
            if let literal = try scanner.literal() { return .value(literal) }
            noteKind(path, needs: "a value or a list of values", found: kind)
            return nil
        }
        var literals: [Literal] = []
        try scanner.list { scanner throws(JSONError) in
            let kind = scanner.kind
            if let literal = try scanner.literal() { return literals.append(literal) }
            noteKind(path, needs: "a value or a list of values", found: kind + " within a list")
        }
        return .list(literals)
    }
}

// MARK: Includes

extension OptionsDraft {
    // "include":{"tags":{},"reviews":{"limit":2,"include":{"reviewer":{}}}}
    private mutating func readInclude(_ scanner: inout JSONScanner) throws(JSONError) {
        let path = path.member("include")
        guard depthLeft > 0 else {
            note(path, "nested deeper than limits.include_depth allows")
            return try scanner.skipValue()
        }
        let depthLeft = depthLeft - 1
        try readMembers(path, needs: "an object", &scanner) { draft, scanner, name throws(JSONError) in
            guard draft.includesLeft > 0 else {
                draft.note(path, "more relationships than limits.request_includes allows")
                return try scanner.skipValue()
            }
            let name = scanner.text(name)
            var inner = OptionsDraft(
                at: path.member(name), depthLeft: depthLeft, includesLeft: draft.includesLeft - 1)
            try inner.readAll(&scanner)
            draft.includesLeft = inner.includesLeft
            if draft.problem == nil { draft.problem = inner.problem }
            draft.options.includes.append(IncludeInput(name: name, options: inner.options))
        }
    }

    private mutating func readAll(_ scanner: inout JSONScanner) throws(JSONError) {
        let path = path
        try readMembers(path, needs: "an object of options", &scanner) {
            draft, scanner, name throws(JSONError) in
            let text = scanner.text(name)
            if let member = Member.allCases.first(where: { "\($0.name)" == text }) {
                return try draft.read(member, &scanner)
            }
            let known = Member.options.map { "\($0.name)" }
            draft.note(path.member(text), "unknown member" + Suggestion.hint(to: text, among: known))
            try scanner.skipValue()
        }
    }
}
