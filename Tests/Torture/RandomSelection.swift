import MariaDB
import TestSupport

/// A load's random options (columns, filters, order, limit, offset, count), as JSON and as plain SQL for one
/// key.
struct RandomSelection: Sendable {
    /// A comparison of one column, or several that all must hold.
    fileprivate struct Filter: Sendable {
        let column: ShownColumn
        /// `eq`, `in`, …, or nil for the short form: a value, or a list.
        let comparisons: [(sign: String?, values: [String?])]
    }

    /// The columns that the rows show; nil for all.
    private(set) var columns: [ShownColumn]?
    private var filters: [Filter] = []
    private var order: [(column: ShownColumn, isDescending: Bool)] = []
    private var limit: Int?
    private var offset: Int?
    /// Whether the rows are asked for as a page, which are the same, by another query.
    private var isFirstPage = false
    let isCount: Bool

    /// - Parameter rows: some existing rows, so that filters find something now and then.
    init(_ relationship: DescribedRelationship, rows: [[String?]], _ random: inout SeededGenerator) {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        isCount = chance(15)
        let filterable = relationship.columns.filter(\.isFilterable)
        if chance(70) {
            for column in filterable.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random)) {
                let index = relationship.columns.firstIndex { $0.name == column.name } ?? 0
                filters.append(Filter(column, known: rows.map { $0[index] }, &random))
            }
        }
        if isCount { return }
        if chance(50) {
            let count = Int.random(in: 1...relationship.columns.count, using: &random)
            columns = Array(relationship.columns.shuffled(using: &random).prefix(count))
        }
        if chance(50) {
            order = filterable.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random)).map {
                ($0, Bool.random(using: &random))
            }
        }
        if !relationship.isToOne, chance(40) { limit = Int.random(in: 0...5, using: &random) }
        if !relationship.isToOne, chance(20) { offset = Int.random(in: 0...4, using: &random) }
        let hasPages = limit ?? 0 > 0 && offset == nil && order.allSatisfy(\.column.canHavePosition)
        isFirstPage = hasPages && chance(50)
    }

    // "columns":["title"],"where":{"sold":{"gte":7}},"order":["-title"],"limit":3
    var members: [String] {
        func list(_ names: [String]) -> String {
            "[" + names.map(JSONValue.quoted).joined(separator: ",") + "]"
        }
        var members: [String] = []
        if let columns { members.append("\"columns\":" + list(columns.map(\.name))) }
        if !filters.isEmpty {
            members.append("\"where\":{\(filters.map(\.json).joined(separator: ","))}")
        }
        if !order.isEmpty {
            members.append("\"order\":" + list(order.map { ($0.isDescending ? "-" : "") + $0.column.name }))
        }
        if let limit { members.append("\"limit\":\(limit)") }
        if let offset { members.append("\"offset\":\(offset)") }
        if isFirstPage { members.append("\"after\":null") }
        if isCount { members.append("\"count\":true") }
        return members
    }

    /// Returns the database's own answer: rows, or one row with the count.
    func rows(_ relationship: DescribedRelationship, _ key: AskedKey, _ oracle: Oracle) throws -> [[String?]]
    {
        guard let literals = key.literals else { return isCount ? [["0"]] : [] }
        return try oracle.client.strings(sql(relationship, literals, oracle))
    }

    // SELECT r.`id`+0 FROM `books` AS r WHERE r.`author_id` = 42 AND (r.`sold` >= 7)
    //   ORDER BY r.`title` DESC, r.`id` LIMIT 3
    private func sql(_ relationship: DescribedRelationship, _ literals: [String], _ oracle: Oracle) -> String
    {
        let conditions =
            zip(relationship.matches, literals).map { "\($0) = \($1)" } + filters.map { $0.sql(oracle) }
        let source = "FROM \(relationship.from) WHERE \(conditions.joined(separator: " AND "))"
        if isCount { return "SELECT COUNT(*) \(source)" }
        let shown = (columns ?? relationship.columns).map { $0.shape.expression("r.\(identifier($0.name))") }
        let terms = order.map { "r.\(identifier($0.column.name))" + ($0.isDescending ? " DESC" : "") }
        return "SELECT \(shown.joined(separator: ", ")) \(source) "
            + "ORDER BY \((terms + relationship.order).joined(separator: ", ")) "
            + "LIMIT \(limit ?? 1_000_000) OFFSET \(offset ?? 0)"
    }
}

extension RandomSelection.Filter {
    /// - Parameter known: existing values of the column.
    fileprivate init(_ column: ShownColumn, known: [String?], _ random: inout SeededGenerator) {
        self.column = column
        func value() -> String? {
            let some = known.compactMap { $0 }.randomElement(using: &random)
            return column.isNumber && (some == nil || Bool.random(using: &random))
                ? column.number(&random) : some
        }
        func orNull() -> String? { Int.random(in: 0..<8, using: &random) == 0 ? nil : value() }
        func list() -> [String?] { (0..<Int.random(in: 0...3, using: &random)).map { _ in orNull() } }
        guard known.contains(where: { $0 != nil }) || column.isNumber else {
            comparisons = [(Bool.random(using: &random) ? "ne" : "eq", [nil])]
            return
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: comparisons = [(nil, [orNull()])]
        case 1: comparisons = [("in", list())]
        case 2: comparisons = [("gte", [value()]), ("lt", [value()])]
        case 3 where column.isText:
            let start = (value() ?? "").prefix(Int.random(in: 0...9, using: &random))
            comparisons = [("like", [start.replacing("_", with: "\\_").replacing("%", with: "\\%") + "%"])]
        default:
            let sign = ["eq", "ne", "lt", "lte", "gt", "gte"].randomElement(using: &random) ?? "eq"
            comparisons = [(sign, [["eq", "ne"].contains(sign) ? orNull() : value()])]
        }
    }

    // "sold":{"gte":7,"lt":12}
    fileprivate var json: String {
        let texts = comparisons.map { sign, values in
            let shown = values.map { $0.map(column.shape.json) ?? "null" }
            let operand = sign == "in" ? "[\(shown.joined(separator: ","))]" : shown[0]
            return sign.map { "\"\($0)\":\(operand)" } ?? operand
        }
        let value = comparisons[0].sign == nil ? texts[0] : "{\(texts.joined(separator: ","))}"
        return "\(JSONValue.quoted(column.name)):\(value)"
    }

    // (r.`sold` >= 7 AND r.`sold` < 12)
    fileprivate func sql(_ oracle: Oracle) -> String {
        let parts = comparisons.map { sign, values in
            let each = values.map { sql(sign ?? "eq", $0, oracle) }
            return each.isEmpty ? "FALSE" : "(\(each.joined(separator: " OR ")))"
        }
        return "(\(parts.joined(separator: " AND ")))"
    }

    private func sql(_ sign: String, _ value: String?, _ oracle: Oracle) -> String {
        let name = "r.\(identifier(column.name))"
        guard let value else { return "\(name) IS \(sign == "ne" ? "NOT " : "")NULL" }
        let signs = ["ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "like": "LIKE"]
        return "\(name) \(signs[sign] ?? "=") \(oracle.literal(column, value))"
    }
}

extension ShownColumn {
    fileprivate var isFilterable: Bool {
        switch shape {
        case .integer, .decimal, .text, .datetime, .timestamp: true
        case .bit, .float, .double, .binary, .json: false
        }
    }

    /// Whether an order by the column has positions: a `TEXT` is too long for one, and an `ENUM` is sorted by
    /// numbers.
    fileprivate var canHavePosition: Bool {
        isFilterable && !["text", "enum", "set"].contains { declaration.lowercased().hasPrefix($0) }
    }

    fileprivate var isNumber: Bool {
        switch shape {
        case .integer, .decimal: true
        case .bit, .float, .double, .text, .datetime, .timestamp, .binary, .json: false
        }
    }

    /// Whether the column can be filtered by `like`.
    var isText: Bool { declaration.lowercased().contains("char") || declaration.lowercased() == "text" }

    /// Returns a random number that the column can hold.
    fileprivate func number(_ random: inout SeededGenerator) -> String {
        let word = declaration.lowercased().prefix { $0.isLetter }
        let max = ["tinyint": 127, "smallint": 32_767][word.description] ?? 99_999
        let digits = "\(Int.random(in: 0...max, using: &random))"
        if case .decimal = shape { return digits + ".5" }
        return digits
    }
}
