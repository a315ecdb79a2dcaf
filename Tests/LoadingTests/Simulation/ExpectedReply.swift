/// What a load gets if nothing goes wrong, looked up in the tables key by key, and how much of it there is.
struct ExpectedReply {
    private let tables: SimulatedTables
    /// Of all levels.
    private(set) var keys = 0
    private(set) var leastRows = 0
    /// A count of no rows may be a row or none.
    private(set) var mostRows = 0
    /// Whether a query for it alone would fail.
    private(set) var isPoisoned = false
    /// The whole line.
    private(set) var reply = ""

    init(_ generated: GeneratedLoad, keys: [String?], isList: Bool, id: Int64, tables: SimulatedTables) {
        self.tables = tables
        let answers = answers(generated, keys)
        let value = isList ? "[" + answers.joined(separator: ",") + "]" : answers[0]
        let member =
            generated.isCount
            ? (isList ? "counts" : "count") : isList ? "results" : generated.relation.isMany ? "rows" : "row"
        reply = "{\"id\":\(id),\"\(member)\":\(value)}\n"
    }

    private mutating func answers(_ generated: GeneratedLoad, _ keys: [String?]) -> [String] {
        let relation = generated.relation
        self.keys += keys.count
        var found: [[ShopRow]] = []
        for key in keys {
            guard let key else {
                found.append([])
                continue
            }
            found.append(tables.rows(of: relation.table, where: relation.match, equals: key))
            if tables.isPoison(relation.table, relation.match, key) { isPoisoned = true }
        }
        if generated.isCount {
            leastRows += found.count { !$0.isEmpty }
            mostRows += found.count
            return found.map { "\($0.count)" }
        }
        leastRows += found.reduce(0) { $0 + $1.count }
        mostRows += found.reduce(0) { $0 + $1.count }
        let included = generated.includes.map { self.included($0, by: Array(found.joined())) }
        return found.map { rows in
            let texts = rows.map { text($0, generated, included) }
            return relation.isMany ? "[" + texts.joined(separator: ",") + "]" : texts.first ?? "null"
        }
    }

    /// By the values that lead there.
    private mutating func included(_ generated: GeneratedLoad, by rows: [ShopRow]) -> [String: String] {
        var keys: [String] = []
        var seen: Set<String> = []
        for row in rows {
            if let key = row[generated.relation.link], seen.insert(key).inserted { keys.append(key) }
        }
        return Dictionary(uniqueKeysWithValues: zip(keys, answers(generated, keys)))
    }

    // {"id":7,"title":"Emma","reviews":[…]}
    private func text(_ row: ShopRow, _ generated: GeneratedLoad, _ included: [[String: String]]) -> String {
        let shown = generated.shown.map { column in
            "\"\(column)\":" + (row[column].map { value($0, generated.relation.table, column) } ?? "null")
        }
        let nested = zip(generated.includes, included).map { generated, answers in
            "\"\(generated.relation.member)\":"
                + (row[generated.relation.link].flatMap { answers[$0] } ?? nothing(generated))
        }
        return "{" + (shown + nested).joined(separator: ",") + "}"
    }

    private func value(_ value: String, _ table: String, _ column: String) -> String {
        guard SimulatedTables.texts.contains("\(table).\(column)") else { return value }
        return "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            + "\""
    }

    private func nothing(_ generated: GeneratedLoad) -> String {
        generated.isCount ? "0" : generated.relation.isMany ? "[]" : "null"
    }
}
