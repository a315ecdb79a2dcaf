import TestSupport

/// The options of a generated load. Values are in the form in which a client sees them.
struct GeneratedOptions: Sendable {
    struct Filter: Sendable {
        let column: GeneratedColumn
        /// The operator, such as `eq` and `in`, or nil for the short form.
        let sign: String?
        let operand: Operand

        // "n":{"gte":1}, "n":[1,null], "n":1
        var json: (name: String, sign: String?, value: String) { (column.name, sign, operand.json(column)) }
    }

    enum Operand: Sendable {
        case value(String?)
        case list([String?])

        func json(_ column: GeneratedColumn) -> String {
            func one(_ value: String?) -> String { value.map(column.shape.json) ?? "null" }
            switch self {
            case .value(let value): return one(value)
            case .list(let values): return "[" + values.map(one).joined(separator: ",") + "]"
            }
        }
    }

    struct Include: Sendable {
        let relationship: GeneratedRelationship
        var options: GeneratedOptions
    }

    var columns: [String]?
    var filters: [Filter] = []
    var order: [String]?
    var limit: Int?
    var offset: Int?
    var isCount = false
    var includes: [Include] = []

    // "where":{…},"limit":3
    var members: [String] {
        func list(_ names: [String]) -> String {
            "[" + names.map(JSONValue.quoted).joined(separator: ",") + "]"
        }
        var members: [String] = []
        if let columns { members.append("\"columns\":" + list(columns)) }
        if !filters.isEmpty { members.append("\"where\":{\(whereMembers.joined(separator: ","))}") }
        if let order { members.append("\"order\":" + list(order)) }
        if let limit { members.append("\"limit\":\(limit)") }
        if let offset { members.append("\"offset\":\(offset)") }
        if isCount { members.append("\"count\":true") }
        if !includes.isEmpty {
            let inner = includes.map {
                "\"\($0.relationship.shortName)\":{\($0.options.members.joined(separator: ","))}"
            }
            members.append("\"include\":{\(inner.joined(separator: ","))}")
        }
        return members
    }

    /// The members of `where`: comparisons of one column are in one object.
    private var whereMembers: [String] {
        var names: [String] = []
        for filter in filters where !names.contains(filter.column.name) { names.append(filter.column.name) }
        return names.map { name in
            let own = filters.filter { $0.column.name == name }
            if own.count == 1, own[0].sign == nil { return "\"\(name)\":\(own[0].json.value)" }
            let inner = own.map { "\"\($0.sign ?? "eq")\":\($0.json.value)" }
            return "\"\(name)\":{\(inner.joined(separator: ","))}"
        }
    }
}

struct GeneratedLoad: Sendable {
    let relationship: GeneratedRelationship
    var options: GeneratedOptions
    /// The keys as replies show them; primary keys of parents if `isByParent`. A nil part is `NULL`.
    var keys: [[String?]]
    let isByParent: Bool
    let isList: Bool
    /// The index in a list at which a key of a wrong type is added.
    var badKey: Int?

    // {"id":1,"load":"t1.up0","keys":[1,2],"limit":3}
    func line(id: Int, _ schema: GeneratedSchema) -> String {
        var texts = keys.map { text(of: $0, schema) }
        if let badKey { texts.insert("{}", at: badKey) }
        let member = isByParent ? "parent" : "key"
        let whose = isList ? "\"\(member)s\":[\(texts.joined(separator: ","))]" : "\"\(member)\":\(texts[0])"
        let members = ["\"id\":\(id)", "\"load\":\"\(relationship.name)\"", whose] + options.members
        return "{\(members.joined(separator: ","))}"
    }

    // 42, [2024,17]
    func text(of key: [String?], _ schema: GeneratedSchema) -> String {
        let columns = isByParent ? schema.table(relationship.parent).primaryKey : relationship.key
        let parts = zip(columns, key).map { column, part in part.map(column.shape.json) ?? "null" }
        return parts.count == 1 ? parts[0] : "[\(parts.joined(separator: ","))]"
    }
}

/// Makes random loads of a generated schema.
struct LoadGenerator {
    let schema: GeneratedSchema
    /// The rows of each table, as replies show them, in the order of its columns.
    let rows: [String: [[String?]]]
    var generator: SeededGenerator
    /// Recent loads: a load with the options of one of them can share its query.
    private var recent: [GeneratedLoad] = []

    init(_ schema: GeneratedSchema, rows: [String: [[String?]]], generator: SeededGenerator) {
        (self.schema, self.rows, self.generator) = (schema, rows, generator)
    }

    private mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &generator) < percent
    }

    mutating func next() -> GeneratedLoad {
        if chance(40), let known = recent.randomElement(using: &generator) {
            var load = makeLoad(known.relationship)
            load.options = known.options
            if !load.options.isCount, load.options.includes.isEmpty, chance(50) {
                load.options.columns = columns(of: known.relationship)
            }
            return load
        }
        var load = makeLoad(schema.relationships.randomElement(using: &generator) ?? schema.relationships[0])
        load.options = options(load.relationship, depth: 3)
        recent.append(load)
        if recent.count > 20 { recent.removeFirst() }
        return load
    }

    /// Returns a load whose rows show all that a position needs, without a limit; nil if this time there is
    /// none.
    mutating func nextPaged() -> GeneratedLoad? {
        let load = next()
        let table = schema.table(load.relationship.table)
        let shown = load.relationship.columns ?? table.columns.map(\.name)
        guard !load.relationship.isToOne, !load.options.isCount, !load.keys.isEmpty,
            table.primaryKey.allSatisfy({ shown.contains($0.name) })
        else { return nil }
        var paged = load
        paged.badKey = nil
        (paged.options.columns, paged.options.limit, paged.options.offset) = (nil, nil, nil)
        return paged
    }

    private mutating func makeLoad(_ relationship: GeneratedRelationship) -> GeneratedLoad {
        let isByParent = chance(25)
        let isList = chance(60)
        let columns = isByParent ? schema.table(relationship.parent).primaryKey : relationship.key
        let count = isList ? Int.random(in: 0...9, using: &generator) : 1
        let keys = (0..<count).map { _ in key(columns, of: relationship.parent) }
        let badKey = isList && chance(10) ? Int.random(in: 0...count, using: &generator) : nil
        return GeneratedLoad(
            relationship: relationship, options: GeneratedOptions(), keys: keys, isByParent: isByParent,
            isList: isList,
            badKey: badKey)
    }

    /// Returns a key, mostly one that a row has.
    private mutating func key(_ columns: [GeneratedColumn], of table: String) -> [String?] {
        let all = schema.table(table).columns
        guard !chance(15), let row = rows[table]?.randomElement(using: &generator) else {
            return columns.map { $0.values.randomElement(using: &generator) }
        }
        return columns.map { column in all.firstIndex { $0.name == column.name }.flatMap { row[$0] } }
    }

    // MARK: Options

    private func shown(_ relationship: GeneratedRelationship) -> [GeneratedColumn] {
        let table = schema.table(relationship.table)
        return relationship.columns.map { $0.map(table.column) } ?? table.columns
    }

    private mutating func columns(of relationship: GeneratedRelationship) -> [String] {
        let all = shown(relationship).map(\.name).shuffled(using: &generator)
        return Array(all.prefix(Int.random(in: 1...all.count, using: &generator)))
    }

    private mutating func options(_ relationship: GeneratedRelationship, depth: Int) -> GeneratedOptions {
        var options = GeneratedOptions()
        let filterable = shown(relationship).filter(\.isFilterable)
        if chance(35) {
            for column in filterable.shuffled(using: &generator).prefix(
                Int.random(in: 1...2, using: &generator))
            {
                options.filters += filters(column)
            }
        }
        if chance(15) {
            options.isCount = true
            return options
        }
        if chance(50) { options.columns = columns(of: relationship) }
        if chance(50) {
            options.order = filterable.shuffled(using: &generator).prefix(
                Int.random(in: 0...2, using: &generator)
            ).map {
                (Bool.random(using: &generator) ? "-" : "") + $0.name
            }
        }
        if !relationship.isToOne, chance(50) {
            options.limit = [0, 1, 2, 3, 7, 12, 25].randomElement(using: &generator)
        }
        if !relationship.isToOne, chance(25) {
            options.offset = [0, 1, 2, 5].randomElement(using: &generator)
        }
        guard depth > 0, chance(45) else { return options }
        for next in schema.relationships(from: relationship.table).shuffled(using: &generator).prefix(2) {
            options.includes.append(.init(relationship: next, options: self.options(next, depth: depth - 1)))
        }
        return options
    }

    private mutating func filters(_ column: GeneratedColumn) -> [GeneratedOptions.Filter] {
        switch Int.random(in: 0...4, using: &generator) {
        case 0: return [.init(column: column, sign: nil, operand: .value(value(column, orNull: true)))]
        case 1: return [.init(column: column, sign: nil, operand: .list(values(column)))]
        default:
            let signs = ["eq", "ne", "lt", "lte", "gt", "gte", "in"] + (column.isText ? ["like"] : [])
            return signs.shuffled(using: &generator).prefix(Int.random(in: 1...2, using: &generator)).map {
                sign in
                let operand: GeneratedOptions.Operand
                switch sign {
                case "in": operand = .list(values(column))
                case "like":
                    operand = .value(
                        ["a%", "%", "_", "%o%", "\\%", "日%", "z\\_%", ""].randomElement(using: &generator))
                default: operand = .value(value(column, orNull: ["eq", "ne"].contains(sign)))
                }
                return .init(column: column, sign: sign, operand: operand)
            }
        }
    }

    private mutating func values(_ column: GeneratedColumn) -> [String?] {
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in value(column, orNull: true) }
    }

    private mutating func value(_ column: GeneratedColumn, orNull: Bool) -> String? {
        if orNull, chance(15) { return nil }
        if column.isText, chance(15) { return "日" }
        return column.values.randomElement(using: &generator)
    }
}
