/// What a load gets if nothing goes wrong, looked up in the tables key by key, and how much of it there is.
struct Expectation {
    private let shop: Shop
    /// Of all levels.
    private(set) var keys = 0
    private(set) var leastRows = 0
    /// A count of no rows may be a row or none.
    private(set) var mostRows = 0
    /// Whether a query for it alone would fail.
    private(set) var isPoisoned = false
    /// The whole line.
    private(set) var reply = ""

    init(_ wanted: Wanted, keys: [String?], isList: Bool, id: Int64, shop: Shop) {
        self.shop = shop
        let answers = answers(wanted, keys)
        let value = isList ? "[" + answers.joined(separator: ",") + "]" : answers[0]
        let member =
            wanted.isCount
            ? (isList ? "counts" : "count") : isList ? "results" : wanted.relation.isMany ? "rows" : "row"
        reply = "{\"id\":\(id),\"\(member)\":\(value)}\n"
    }

    private mutating func answers(_ wanted: Wanted, _ keys: [String?]) -> [String] {
        let relation = wanted.relation
        self.keys += keys.count
        var found: [[ShopRow]] = []
        for key in keys {
            guard let key else {
                found.append([])
                continue
            }
            found.append(shop.rows(of: relation.table, where: relation.match, equals: key))
            if shop.isPoison(relation.table, relation.match, key) { isPoisoned = true }
        }
        if wanted.isCount {
            leastRows += found.count { !$0.isEmpty }
            mostRows += found.count
            return found.map { "\($0.count)" }
        }
        leastRows += found.reduce(0) { $0 + $1.count }
        mostRows += found.reduce(0) { $0 + $1.count }
        let included = wanted.includes.map { self.included($0, by: Array(found.joined())) }
        return found.map { rows in
            let texts = rows.map { text($0, wanted, included) }
            return relation.isMany ? "[" + texts.joined(separator: ",") + "]" : texts.first ?? "null"
        }
    }

    /// By the values that lead there.
    private mutating func included(_ wanted: Wanted, by rows: [ShopRow]) -> [String: String] {
        var keys: [String] = []
        var seen: Set<String> = []
        for row in rows {
            if let key = row[wanted.relation.link], seen.insert(key).inserted { keys.append(key) }
        }
        return Dictionary(uniqueKeysWithValues: zip(keys, answers(wanted, keys)))
    }

    // {"id":7,"title":"Emma","reviews":[…]}
    private func text(_ row: ShopRow, _ wanted: Wanted, _ included: [[String: String]]) -> String {
        let shown = wanted.shown.map { column in
            "\"\(column)\":" + (row[column].map { value($0, wanted.relation.table, column) } ?? "null")
        }
        let nested = zip(wanted.includes, included).map { wanted, answers in
            "\"\(wanted.relation.member)\":"
                + (row[wanted.relation.link].flatMap { answers[$0] } ?? nothing(wanted))
        }
        return "{" + (shown + nested).joined(separator: ",") + "}"
    }

    private func value(_ value: String, _ table: String, _ column: String) -> String {
        guard Shop.texts.contains("\(table).\(column)") else { return value }
        return "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            + "\""
    }

    private func nothing(_ wanted: Wanted) -> String {
        wanted.isCount ? "0" : wanted.relation.isMany ? "[]" : "null"
    }
}
