import TestSupport

/// A load of a random kind, and what its reply must be.
struct RandomLoad {
    /// A key as the load writes it: the key itself, or the primary key of a parent that has it.
    private struct RequestedKey {
        let json: String
        let key: AskedKey
    }

    private let relationship: ExpectedAnswers.Relationship
    private let requested: [RequestedKey]
    private let isByParent: Bool
    private let isList: Bool
    private let include: String?
    private let selection: RandomSelection?
    private let timeout: Int?

    /// - Parameter isLarge: very many keys, with an include.
    init(_ answers: ExpectedAnswers, _ oracle: Oracle, isLarge: Bool = false, _ random: inout SeededGenerator)
    {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        let name = answers.names.randomElement(using: &random) ?? ""
        guard let relationship = answers.relationships[name] else {
            preconditionFailure("no relationship \(name)")
        }
        self.relationship = relationship
        isList = isLarge || chance(30)
        isByParent = chance(15)
        // Every key of a load with options costs the reference server a query.
        selection =
            !isLarge && chance(25)
            ? RandomSelection(
                relationship.described, rows: relationship.someRows.randomElement(using: &random) ?? [],
                &random)
            : nil
        let maxCount = isLarge ? 600 : selection == nil ? 30 : 6
        let count = isList ? Int.random(in: isLarge ? 200...maxCount : 1...maxCount, using: &random) : 1
        let (described, isByParent) = (relationship.described, isByParent)
        requested = (0..<count).compactMap { index -> RequestedKey? in
            if isByParent {
                return relationship.parents.randomElement(using: &random).map {
                    RequestedKey(json: $0.primaryKey.json, key: $0.key)
                }
            }
            let key = relationship.keys.randomElement(using: &random)
            // Only one, so that the line does not get too long.
            let spelled = index == 0 ? key.map { described.spelling($0, oracle, &random) } : key
            return spelled.map { RequestedKey(json: $0.json, key: $0) }
        }
        include =
            selection != nil || !(isLarge || chance(25))
            ? nil : relationship.includes.randomElement(using: &random)?.name
        timeout = chance(5) ? Int.random(in: 1...20, using: &random) : nil
    }

    /// Whether the load itself may cause this error, by its `timeout_ms`.
    func mayFail(with code: String) -> Bool { code == "timeout" && timeout != nil }

    // {"id":7,"load":"authors.books","key":42,"include":{"tags":{}}}
    func line(id: Int) -> String {
        var members = ["\"id\":\(id)", "\"load\":\"\(relationship.described.name)\""]
        let texts = requested.map(\.json)
        let name = isByParent ? "parent" : "key"
        members.append(isList ? "\"\(name)s\":[\(texts.joined(separator: ","))]" : "\"\(name)\":\(texts[0])")
        members += selection?.members ?? []
        if let include { members.append("\"include\":{\"\(include)\":{}}") }
        if let timeout { members.append("\"timeout_ms\":\(timeout)") }
        return "{\(members.joined(separator: ","))}"
    }

    var isSelection: Bool { selection != nil }

    private var isCount: Bool { selection?.isCount ?? false }

    /// Returns what is wrong with a reply that is no error, or nil if nothing is.
    func difference(_ reply: JSONValue, _ answers: ExpectedAnswers, _ oracle: Oracle) throws -> String? {
        let single = isCount ? "count" : relationship.described.isToOne ? "row" : "rows"
        let found =
            isList ? reply[isCount ? "counts" : "results"]?.elements : reply[single].map { [$0] }
        guard let results = found, results.count == requested.count, reply["errors"] == nil else {
            return "\(requested.count) keys, and the reply is \(reply)"
        }
        for (asked, got) in zip(requested, results) {
            if let difference = try difference(asked.key, got, answers, oracle) {
                return "key \(asked.json.prefix(100)): \(difference)"
            }
        }
        return nil
    }

    private func difference(_ key: AskedKey, _ got: JSONValue, _ answers: ExpectedAnswers, _ oracle: Oracle)
        throws
        -> String?
    {
        let described = relationship.described
        guard let selection else {
            let known = try relationship.rows[key.json] ?? oracle.rows(described, key)
            return answers.difference(described.name, expected: known, including: include, got: got)
        }
        let expected = try selection.rows(described, key, oracle)
        if isCount {
            let count = expected.first?.first ?? nil
            return got.number == count ? nil : "expected \(count ?? "a count"), counted \(got)"
        }
        return described.difference(
            expected, got.withoutInRows([ExpectedAnswers.passingColumn]), columns: selection.columns)
    }

    func rows(_ reply: JSONValue) -> Int {
        guard !isCount else { return 0 }
        if let rows = reply["rows"] { return rows.elements.count }
        return reply["results"]?.elements.reduce(0) { $0 + max(1, $1.elements.count) } ?? 1
    }
}

extension DescribedRelationship {
    /// Returns another spelling of a text key now and then, and the key itself otherwise: in capitals, with
    /// up to 100 KB of blanks at its end, which many collations ignore, or with as much text that is in no
    /// row.
    fileprivate func spelling(_ known: AskedKey, _ oracle: Oracle, _ random: inout SeededGenerator)
        -> AskedKey
    {
        guard key.count == 1, key[0].isText, let text = (try? JSONValue(known.json))?.text else {
            return known
        }
        let maxLength = [10, 1000, 100_000].randomElement(using: &random) ?? 10
        let length = Int.random(in: 1...maxLength, using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0, 1, 2: return oracle.key(self, [text.uppercased()])
        case 3: return oracle.key(self, [text + String(repeating: " ", count: length)])
        case 4: return oracle.key(self, [text + String(repeating: "x", count: length)])
        default: return known
        }
    }
}
