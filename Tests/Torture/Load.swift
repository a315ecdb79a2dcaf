import TestSupport

/// A load of a random kind, and what its reply must be.
struct Load {
    private let relationship: Truth.Relationship
    private let keys: [AskedKey]
    private let isList: Bool
    private let branch: String?
    private let isCount: Bool
    private let limit: Int?
    private let timeout: Int?

    /// - Parameter isLarge: very many keys, with an include.
    init(_ truth: Truth, isLarge: Bool = false, _ random: inout SeededGenerator) {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        let name = truth.names.randomElement(using: &random) ?? ""
        guard let relationship = truth.relationships[name] else {
            preconditionFailure("no relationship \(name)")
        }
        self.relationship = relationship
        isList = isLarge || chance(30)
        let count =
            isLarge ? Int.random(in: 200...600, using: &random) : Int.random(in: 1...30, using: &random)
        keys = (0..<(isList ? count : 1)).compactMap { _ in relationship.keys.randomElement(using: &random) }
        isCount = !isLarge && chance(10)
        limit =
            !isCount && !relationship.road.isToOne && chance(20) ? Int.random(in: 0...3, using: &random) : nil
        branch =
            isCount || !(isLarge || chance(25))
            ? nil : relationship.branches.randomElement(using: &random)?.name
        timeout = chance(5) ? Int.random(in: 1...20, using: &random) : nil
    }

    /// Whether the error is one that the load has asked for.
    func mayFail(with code: String) -> Bool { code == "timeout" && timeout != nil }

    // {"id":7,"load":"authors.books","key":42,"include":{"tags":{}}}
    func line(id: Int) -> String {
        var members = ["\"id\":\(id)", "\"load\":\"\(relationship.road.name)\""]
        let texts = keys.map(\.json)
        members.append(isList ? "\"keys\":[\(texts.joined(separator: ","))]" : "\"key\":\(texts[0])")
        if isCount { members.append("\"count\":true") }
        if let limit { members.append("\"limit\":\(limit)") }
        if let branch { members.append("\"include\":{\"\(branch)\":{}}") }
        if let timeout { members.append("\"timeout_ms\":\(timeout)") }
        return "{\(members.joined(separator: ","))}"
    }

    /// Nil, or what is wrong with a reply that is no error.
    func difference(_ reply: JSONValue, _ truth: Truth) -> String? {
        let single = isCount ? "count" : relationship.road.isToOne ? "row" : "rows"
        let found =
            isList ? reply[isCount ? "counts" : "results"]?.elements : reply[single].map { [$0] }
        guard let results = found, results.count == keys.count, reply["errors"] == nil else {
            return "\(keys.count) keys, and the reply is \(reply)"
        }
        for (key, got) in zip(keys, results) {
            if let difference = difference(key, got, truth) { return "key \(key.json): \(difference)" }
        }
        return nil
    }

    private func difference(_ key: AskedKey, _ got: JSONValue, _ truth: Truth) -> String? {
        let expected = relationship.rows[key.json] ?? []
        if isCount {
            return got.number == "\(expected.count)" ? nil : "expected \(expected.count) rows, counted \(got)"
        }
        guard let limit else {
            return truth.difference(relationship.road.name, key: key.json, including: branch, got: got)
        }
        let bare = got.elements.map { $0.without([Truth.passingColumn, branch ?? ""]) }
        return relationship.road.difference(Array(expected.prefix(limit)), .array(bare))
    }

    func rows(_ reply: JSONValue) -> Int {
        guard !isCount else { return 0 }
        if let rows = reply["rows"] { return rows.elements.count }
        return reply["results"]?.elements.reduce(0) { $0 + max(1, $1.elements.count) } ?? 1
    }
}
