import TestSupport

/// A load of a random kind, and what its reply must be.
struct Load {
    /// A key as the load writes it: itself, or the primary key of a parent that has it.
    private struct Asked {
        let json: String
        let key: AskedKey
    }

    private let relationship: Truth.Relationship
    private let asked: [Asked]
    private let isByParent: Bool
    private let isList: Bool
    private let branch: String?
    private let selection: Selection?
    private let timeout: Int?

    /// - Parameter isLarge: very many keys, with an include.
    init(_ truth: Truth, _ oracle: Oracle, isLarge: Bool = false, _ random: inout SeededGenerator) {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        let name = truth.names.randomElement(using: &random) ?? ""
        guard let relationship = truth.relationships[name] else {
            preconditionFailure("no relationship \(name)")
        }
        self.relationship = relationship
        isList = isLarge || chance(30)
        isByParent = chance(15)
        // Each key of a selection costs the database a question of ours.
        selection =
            !isLarge && chance(25)
            ? Selection(
                relationship.road, rows: relationship.someRows.randomElement(using: &random) ?? [], &random)
            : nil
        let most = isLarge ? 600 : selection == nil ? 30 : 6
        let count = isList ? Int.random(in: isLarge ? 200...most : 1...most, using: &random) : 1
        let (road, isByParent) = (relationship.road, isByParent)
        asked = (0..<count).compactMap { place -> Asked? in
            if isByParent {
                return relationship.parents.randomElement(using: &random).map {
                    Asked(json: $0.primaryKey.json, key: $0.key)
                }
            }
            let key = relationship.keys.randomElement(using: &random)
            // Only one, lest the line be too long.
            let spelled = place == 0 ? key.map { road.spelling($0, oracle, &random) } : key
            return spelled.map { Asked(json: $0.json, key: $0) }
        }
        branch =
            selection != nil || !(isLarge || chance(25))
            ? nil : relationship.branches.randomElement(using: &random)?.name
        timeout = chance(5) ? Int.random(in: 1...20, using: &random) : nil
    }

    /// Whether the error is one that the load has asked for.
    func mayFail(with code: String) -> Bool { code == "timeout" && timeout != nil }

    // {"id":7,"load":"authors.books","key":42,"include":{"tags":{}}}
    func line(id: Int) -> String {
        var members = ["\"id\":\(id)", "\"load\":\"\(relationship.road.name)\""]
        let texts = asked.map(\.json)
        let name = isByParent ? "parent" : "key"
        members.append(isList ? "\"\(name)s\":[\(texts.joined(separator: ","))]" : "\"\(name)\":\(texts[0])")
        members += selection?.members ?? []
        if let branch { members.append("\"include\":{\"\(branch)\":{}}") }
        if let timeout { members.append("\"timeout_ms\":\(timeout)") }
        return "{\(members.joined(separator: ","))}"
    }

    var isSelection: Bool { selection != nil }

    private var isCount: Bool { selection?.isCount ?? false }

    /// Nil, or what is wrong with a reply that is no error.
    func difference(_ reply: JSONValue, _ truth: Truth, _ oracle: Oracle) throws -> String? {
        let single = isCount ? "count" : relationship.road.isToOne ? "row" : "rows"
        let found =
            isList ? reply[isCount ? "counts" : "results"]?.elements : reply[single].map { [$0] }
        guard let results = found, results.count == asked.count, reply["errors"] == nil else {
            return "\(asked.count) keys, and the reply is \(reply)"
        }
        for (asked, got) in zip(asked, results) {
            if let difference = try difference(asked.key, got, truth, oracle) {
                return "key \(asked.json.prefix(100)): \(difference)"
            }
        }
        return nil
    }

    private func difference(_ key: AskedKey, _ got: JSONValue, _ truth: Truth, _ oracle: Oracle) throws
        -> String?
    {
        let road = relationship.road
        guard let selection else {
            let known = try relationship.rows[key.json] ?? oracle.rows(road, key)
            return truth.difference(road.name, expected: known, including: branch, got: got)
        }
        let expected = try selection.rows(road, key, oracle)
        if isCount {
            let count = expected.first?.first ?? nil
            return got.number == count ? nil : "expected \(count ?? "a count"), counted \(got)"
        }
        return road.difference(
            expected, got.withoutInRows([Truth.passingColumn]), columns: selection.columns)
    }

    func rows(_ reply: JSONValue) -> Int {
        guard !isCount else { return 0 }
        if let rows = reply["rows"] { return rows.elements.count }
        return reply["results"]?.elements.reduce(0) { $0 + max(1, $1.elements.count) } ?? 1
    }
}

extension Road {
    /// Mostly the key itself; where it is text sometimes in capitals, with up to 100 KB of blanks at its end, which many
    /// collations do not see, or with as much of something that is in no row.
    fileprivate func spelling(_ known: AskedKey, _ oracle: Oracle, _ random: inout SeededGenerator)
        -> AskedKey
    {
        guard key.count == 1, key[0].isText, let text = (try? JSONValue(known.json))?.text else {
            return known
        }
        let most = [10, 1000, 100_000].randomElement(using: &random) ?? 10
        let length = Int.random(in: 1...most, using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0, 1, 2: return oracle.key(self, [text.uppercased()])
        case 3: return oracle.key(self, [text + String(repeating: " ", count: length)])
        case 4: return oracle.key(self, [text + String(repeating: "x", count: length)])
        default: return known
        }
    }
}
