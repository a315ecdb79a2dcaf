import MariaDB
import PrivateServer
import TestSupport

/// Asks the database for the right answer to a load, for one key at a time and with the plainest SQL.
final class LoadOracle {
    /// The right answer for one key.
    indirect enum Answer: CustomStringConvertible {
        struct Row {
            let cells: [(column: GeneratedColumn, shown: String?)]
            let included: [(name: String, answer: Answer)]
        }

        case rows([Row])
        case row(Row?)
        case count(String)

        var description: String {
            func text(_ row: Row) -> String {
                let cells = row.cells.map { "\($0.column.name): \($0.shown ?? "null")" }
                return
                    "{\((cells + row.included.map { "\($0.name): \($0.answer)" }).joined(separator: ", "))}"
            }
            switch self {
            case .rows(let rows): return "[\(rows.map(text).joined(separator: ", "))]"
            case .row(let row): return row.map(text) ?? "null"
            case .count(let count): return count
            }
        }
    }

    private let client: BlockingClient
    private let schema: GeneratedSchema
    private var known: [String: Answer] = [:]

    init(_ server: PrivateServer, database: String, schema: GeneratedSchema) throws {
        self.schema = schema
        client = try BlockingClient(
            server.endpoint(database: database, sessionSetup: ["SET time_zone = '+00:00', sql_mode = ''"]))
    }

    func rows(of table: GeneratedTable) throws -> [[String?]] {
        let columns = table.columns.map { $0.shape.expression($0.name) }
        return try client.strings("SELECT \(columns.joined(separator: ", ")) FROM \(table.name)")
    }

    /// - Parameter key: the key's parts, as replies show them.
    func answer(_ load: GeneratedLoad, _ key: [String?]) throws -> Answer {
        let parent = schema.table(load.relationship.parent)
        let isKey = load.relationship.key.map(\.name) == parent.primaryKey.map(\.name)
        guard load.isByParent, !isKey else { return try answer(load.relationship, load.options, key) }
        let conditions = zip(parent.primaryKey, key).map { "\($0.name) = \(literal($0, $1))" }
        let columns = load.relationship.key.map { $0.shape.expression($0.name) }
        let found = try client.strings(
            "SELECT \(columns.joined(separator: ", ")) FROM \(parent.name) WHERE \(conditions.joined(separator: " AND "))"
        )
        return try answer(
            load.relationship, load.options, found.first ?? load.relationship.key.map { _ in nil })
    }

    private func literal(_ column: GeneratedColumn, _ shown: String?) -> String {
        shown.map { column.shape.literal($0, quote: client.quote) } ?? "NULL"
    }

    private func answer(_ relationship: GeneratedRelationship, _ options: GeneratedOptions, _ key: [String?])
        throws -> Answer
    {
        let sql = question(relationship, options, key)
        let memo = "\(relationship.name) \(sql) \(options.members)"
        if let answer = known[memo] { return answer }
        let answer: Answer
        if options.isCount {
            answer = .count(try client.strings(sql).first?.first.flatMap { $0 } ?? "")
        } else {
            let rows = try client.strings(sql).map { try row(relationship, options, $0) }
            answer = relationship.isToOne ? .row(rows.first) : .rows(rows)
        }
        known[memo] = answer
        return answer
    }

    private func row(_ relationship: GeneratedRelationship, _ options: GeneratedOptions, _ cells: [String?])
        throws
        -> Answer.Row
    {
        let table = schema.table(relationship.table)
        let byName = Dictionary(uniqueKeysWithValues: zip(table.columns.map(\.name), cells))
        let shown = (options.columns ?? relationship.columns ?? table.columns.map(\.name)).map { name in
            (column: table.column(name), shown: byName[name] ?? nil)
        }
        let included = try options.includes.map { include in
            let key = include.relationship.key.map { byName[$0.name] ?? nil }
            return (
                name: include.relationship.shortName,
                answer: try answer(include.relationship, include.options, key)
            )
        }
        return Answer.Row(cells: shown, included: included)
    }

    // MARK: SQL

    private func question(
        _ relationship: GeneratedRelationship, _ options: GeneratedOptions, _ key: [String?]
    ) -> String {
        let table = schema.table(relationship.table)
        let primaryKey = table.primaryKey.map { "r.\($0.name)" }
        let matched =
            relationship.hops.first.map { hop in hop.near.map { "j0.\($0)" } }
            ?? relationship.targets.map { "r.\($0)" }
        var conditions = zip(zip(matched, relationship.key), key).map { "\($0.0) = \(literal($0.1, $1))" }
        if let fixed = relationship.fixed {
            conditions.append("r.\(fixed.column.name) = \(literal(fixed.column, fixed.value))")
        }
        conditions += options.filters.map(condition)
        let from = "FROM \(source(relationship)) WHERE \(conditions.joined(separator: " AND "))"
        if options.isCount {
            let counted = relationship.isDistinct ? "DISTINCT \(primaryKey.joined(separator: ", "))" : "*"
            return "SELECT COUNT(\(counted)) \(from)"
        }
        let columns = table.columns.map { $0.shape.expression("r.\($0.name)") }
        let group = relationship.isDistinct ? " GROUP BY \(primaryKey.joined(separator: ", "))" : ""
        var order = (options.order ?? relationship.order ?? []).map { term in
            term.hasPrefix("-") ? "r.\(term.dropFirst()) DESC" : "r.\(term)"
        }
        order += primaryKey.filter { name in !order.contains { $0 == name || $0 == name + " DESC" } }
        var sql =
            "SELECT \(columns.joined(separator: ", ")) \(from)\(group) ORDER BY \(order.joined(separator: ", "))"
        if options.limit != nil || options.offset != nil {
            sql += " LIMIT \(options.limit ?? 1_000_000) OFFSET \(options.offset ?? 0)"
        }
        return sql
    }

    // t1 j0 JOIN t2 r ON r.k = j0.l
    private func source(_ relationship: GeneratedRelationship) -> String {
        var sql = ""
        var before: [String] = []
        for (number, hop) in relationship.hops.enumerated() {
            sql += step(hop.table, "j\(number)", hop.near, before)
            before = hop.far.map { "j\(number).\($0)" }
        }
        return sql + step(relationship.table, "r", relationship.targets, before)
    }

    private func step(_ table: String, _ alias: String, _ columns: [String], _ before: [String]) -> String {
        guard !before.isEmpty else { return "\(table) \(alias)" }
        let pairs = zip(columns, before).map { "\(alias).\($0) = \($1)" }
        return " JOIN \(table) \(alias) ON \(pairs.joined(separator: " AND "))"
    }

    private func condition(_ filter: GeneratedOptions.Filter) -> String {
        let column = filter.column
        switch filter.operand {
        case .list(let values):
            let parts = values.map { comparison(column, "eq", $0) }
            return parts.isEmpty ? "FALSE" : "(\(parts.joined(separator: " OR ")))"
        case .value(let value): return comparison(column, filter.sign ?? "eq", value)
        }
    }

    private func comparison(_ column: GeneratedColumn, _ sign: String, _ value: String?) -> String {
        guard let value else { return "r.\(column.name) IS \(sign == "ne" ? "NOT " : "")NULL" }
        // A text that the column's character set cannot hold is neither equal to, less than nor greater than
        // any value.
        if column.isLatin1, value.contains("日") {
            return sign == "ne" ? "r.\(column.name) IS NOT NULL" : "FALSE"
        }
        let signs = ["eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "like": "LIKE"]
        var operand = column.shape.literal(value, quote: client.quote)
        if case .float = column.shape { operand = "CAST(\(operand) AS FLOAT)" }
        return "r.\(column.name) \(signs[sign] ?? sign) \(operand)"
    }
}

extension LoadOracle.Answer {
    func isSame(as got: JSONValue?) -> Bool {
        guard let got else { return false }
        switch self {
        case .count(let count): return got == .number(count)
        case .row(nil): return got == .null
        case .row(let row?): return Self.isSame(row, got)
        case .rows(let rows):
            guard case .array(let elements) = got, elements.count == rows.count else { return false }
            return zip(rows, elements).allSatisfy(Self.isSame)
        }
    }

    private static func isSame(_ row: Row, _ got: JSONValue) -> Bool {
        let names = row.cells.map(\.column.name) + row.included.map(\.name)
        guard case let members = got.members, members.map(\.name) == names else { return false }
        return zip(row.cells, members).allSatisfy { $0.column.shape.accepts($1.value, for: $0.shown) }
            && zip(row.included, members.dropFirst(row.cells.count)).allSatisfy {
                $0.answer.isSame(as: $1.value)
            }
    }
}
