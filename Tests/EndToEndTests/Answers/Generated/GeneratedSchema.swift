import TestSupport

/// A column of a generated table and the few values that rows and requests have, so that many are equal.
struct GeneratedColumn: Sendable {
    let name: String
    let declaration: String
    /// The values in the form in which a client sees them.
    let values: [String]
    /// Whether the column's character set is latin1, which cannot hold every text.
    let isLatin1: Bool

    var shape: ColumnShape { ColumnShape(declaration: declaration) }

    var isFilterable: Bool { if case .json = shape { false } else { true } }

    var isText: Bool { declaration.hasPrefix("VARCHAR") }
}

/// Columns that hold another table's primary key.
struct GeneratedLink: Sendable {
    let columns: [GeneratedColumn]
    let target: String
    let targetColumns: [String]
}

struct GeneratedTable: Sendable {
    let name: String
    let primaryKey: [GeneratedColumn]
    let payload: [GeneratedColumn]
    var links: [GeneratedLink] = []

    var columns: [GeneratedColumn] { primaryKey + payload + links.flatMap(\.columns) }

    func column(_ name: String) -> GeneratedColumn {
        columns.first { $0.name == name } ?? columns[0]
    }
}

/// A configured relationship, with everything that the oracle needs.
struct GeneratedRelationship: Sendable {
    struct Hop: Sendable {
        let table: String
        let near: [String]
        let far: [String]
    }

    let parent: String
    let shortName: String
    let key: [GeneratedColumn]
    let hops: [Hop]
    let table: String
    let targets: [String]
    let isToOne: Bool
    var isDistinct = false
    /// The columns that are shown; nil for all.
    var columns: [String]?
    /// The configured order, in which `-` is descending; nil for the primary key.
    var order: [String]?
    var fixed: (column: GeneratedColumn, value: String)?

    var name: String { "\(parent).\(shortName)" }

    // [relationships."a.b"] …
    var toml: String {
        func list(_ names: [String]) -> String {
            "[" + names.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        }
        var lines = [
            "[relationships.\"\(name)\"]", "from = " + list(key.map { "\(parent).\($0.name)" }),
            "to = " + list(targets.map { "\(table).\($0)" }), "kind = \"\(isToOne ? "one" : "many")\"",
        ]
        let steps = hops.map { "{ table = \"\($0.table)\", from = \(list($0.near)), to = \(list($0.far)) }" }
        if !steps.isEmpty { lines.append("through = [\(steps.joined(separator: ", "))]") }
        if isDistinct { lines.append("distinct = true") }
        if let columns { lines.append("columns = " + list(columns)) }
        if let order { lines.append("order = " + list(order)) }
        if let fixed { lines.append("fixed = { \"\(table).\(fixed.column.name)\" = \"\(fixed.value)\" }") }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// Random tables, rows and relationships.
struct GeneratedSchema: Sendable {
    private(set) var tables: [GeneratedTable] = []
    private(set) var relationships: [GeneratedRelationship] = []
    private(set) var script = ""

    func table(_ name: String) -> GeneratedTable { tables.first { $0.name == name } ?? tables[0] }

    /// Returns the relationships whose parent is a table.
    func relationships(from table: String) -> [GeneratedRelationship] {
        relationships.filter { $0.parent == table }
    }

    init(using generator: inout SeededGenerator) {
        for number in 0..<5 { addTable("t\(number)", &generator) }
        for table in tables { script += Self.definition(table, &generator) }
        for table in tables { script += rows(of: table, &generator) }
        addDirectRelationships(&generator)
        addLongRelationships()
        addOddRelationships(&generator)
    }

    // MARK: Tables

    private static let texts = [
        "a", "A", "b", "ab", "á", "ß", "ss", "", " a", "a ", "Zoë", "x%y", "o'k", "\\", "_",
    ]

    private static let payloads: [(name: String, declaration: String, values: [String])] = [
        ("n", "INT", ["-3", "0", "1", "2", "5"]),
        ("u", "BIGINT UNSIGNED", ["0", "9007199254740993", "18446744073709551615"]),
        ("d", "DECIMAL(10,2)", ["0.00", "1.50", "-2.25", "99999.99"]),
        ("r", "DOUBLE", ["0.1", "-1.5", "1e300", "3"]),
        ("f", "FLOAT", ["0.1", "0.25", "16777216", "-3.5"]),
        ("date", "DATE", ["0000-00-00", "1999-12-31", "2020-01-01"]),
        ("at", "DATETIME(3)", ["2020-01-01T00:00:00.000", "2020-01-01T00:00:00.001"]),
        ("ts", "TIMESTAMP NULL", ["2020-01-01T00:00:00Z", "2021-05-05T10:00:00Z"]),
        ("time", "TIME", ["-838:59:59", "00:00:00", "10:11:12"]), ("y", "YEAR", ["0", "1901", "2024"]),
        ("bits", "BIT(8)", ["0", "1", "255"]), ("ci", "VARCHAR(20) COLLATE utf8mb4_general_ci", texts),
        ("bin", "VARCHAR(20) COLLATE utf8mb4_bin", texts + ["日", "😀"]),
        ("nopad", "VARCHAR(20) COLLATE \(SharedServer.noPadBinaryCollation)", texts),
        ("latin", "VARCHAR(20) CHARACTER SET latin1", texts), ("e", "ENUM('x','a','m')", ["x", "a", "m"]),
        ("s", "SET('p','q')", ["", "p", "q", "p,q"]), ("b", "BINARY(4)", ["YWIAAA==", "/wABAg=="]),
        ("vb", "VARBINARY(9)", ["", "YQ==", "YQA="]), ("doc", "JSON", ["{\"a\": 1}", "[1,\n2]"]),
        ("id6", "INET6", ["::1", "2001:db8::1"]), ("uu", "UUID", ["00000000-0000-0000-0000-000000000001"]),
    ]
    .filter { SharedServer.has($0.declaration) }

    private static func column(_ name: String, _ declaration: String, _ values: [String]) -> GeneratedColumn {
        GeneratedColumn(
            name: name, declaration: declaration, values: values, isLatin1: declaration.contains("latin1"))
    }

    private mutating func addTable(_ name: String, _ generator: inout SeededGenerator) {
        let numbers = (0..<16).map { "\($0 - 5)" }
        let words = (0..<16).map { $0 % 4 == 0 ? "K\($0)é" : "k\($0)" }
        let kinds: [[(String, [String])]] = [
            [("INT", numbers)], [("BIGINT UNSIGNED", (0..<16).map { "\(UInt64.max - UInt64($0))" })],
            [("VARCHAR(20) COLLATE utf8mb4_general_ci", words)],
            [("VARCHAR(20) CHARACTER SET latin1", words)],
            [("VARCHAR(20) COLLATE \(SharedServer.noPadBinaryCollation)", words)],
            [("INT", (0..<4).map { "\($0)" }), ("SMALLINT", (0..<4).map { "\($0)" })],
        ]
        let kind = kinds.randomElement(using: &generator) ?? kinds[0]
        let key = kind.enumerated().map { Self.column("\(name)_k\($0)", $1.0, $1.1) }
        let payload = Self.payloads.shuffled(using: &generator).prefix(6).map {
            Self.column("\(name)_\($0.name)", $0.declaration, $0.values)
        }
        var table = GeneratedTable(name: name, primaryKey: key, payload: payload)
        tables.append(table)
        for number in 0..<Int.random(in: 1...2, using: &generator) {
            guard let target = tables.randomElement(using: &generator) else { continue }
            let columns = target.primaryKey.map {
                Self.column("\(name)_l\(number)_\($0.name)", $0.declaration, $0.values)
            }
            table.links.append(
                GeneratedLink(
                    columns: columns, target: target.name, targetColumns: target.primaryKey.map(\.name)))
        }
        tables[tables.count - 1] = table
    }

    /// Some links have an index that also sorts, some have one that does not, and some have none.
    private static func definition(_ table: GeneratedTable, _ generator: inout SeededGenerator) -> String {
        var parts = table.columns.map { column in
            let isKey = table.primaryKey.contains { $0.name == column.name }
            return "\(column.name) \(column.declaration)\(isKey ? " NOT NULL" : "")"
        }
        parts.append("PRIMARY KEY (\(table.primaryKey.map(\.name).joined(separator: ", ")))")
        let sortable = table.payload.filter(\.isFilterable)
        for link in table.links {
            let names = link.columns.map(\.name).joined(separator: ", ")
            guard let sort = sortable.randomElement(using: &generator)?.name else { continue }
            switch Int.random(in: 0...3, using: &generator) {
            case 0: parts.append("KEY (\(names), \(sort))")
            case 1: parts.append("KEY (\(names), \(sort) DESC)")
            case 2: parts.append("KEY (\(names))")
            default: break
            }
        }
        return "CREATE TABLE \(table.name) (\(parts.joined(separator: ", "))) CHARACTER SET utf8mb4;\n"
    }

    private func rows(of table: GeneratedTable, _ generator: inout SeededGenerator) -> String {
        var lines = ""
        for _ in 0..<Int.random(in: 25...60, using: &generator) {
            let values = table.columns.map { column -> String in
                let isKey = table.primaryKey.contains { $0.name == column.name }
                guard isKey || Int.random(in: 0...5, using: &generator) > 0 else { return "NULL" }
                // A text in a link is sometimes spelled differently from the key that it equals.
                var value = column.values.randomElement(using: &generator) ?? ""
                if column.name.contains("_l"), column.isText, Bool.random(using: &generator) {
                    value = value.uppercased()
                }
                return column.shape.literal(value, quote: Self.quote)
            }
            lines += "INSERT IGNORE INTO \(table.name) VALUES (\(values.joined(separator: ", ")));\n"
        }
        return lines
    }

    static func quote(_ text: String) -> String {
        "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "''") + "'"
    }

    // MARK: Relationships

    private mutating func addDirectRelationships(_ generator: inout SeededGenerator) {
        for table in tables {
            for (number, link) in table.links.enumerated() {
                let target = self.table(link.target)
                relationships.append(
                    GeneratedRelationship(
                        parent: table.name, shortName: "up\(number)", key: link.columns, hops: [],
                        table: target.name,
                        targets: link.targetColumns, isToOne: true))
                relationships.append(
                    GeneratedRelationship(
                        parent: target.name, shortName: "\(table.name)s\(number)", key: target.primaryKey,
                        hops: [],
                        table: table.name, targets: link.columns.map(\.name),
                        isToOne: Int.random(in: 0...5, using: &generator) == 0))
            }
        }
    }

    /// Adds relationships through a table that links to the parent: to the table that it also links to, and
    /// to tables that link to it.
    private mutating func addLongRelationships() {
        for middle in tables {
            guard let near = middle.links.first else { continue }
            let parent = table(near.target)
            let first = near.columns.map(\.name)
            if middle.links.count > 1 {
                let far = middle.links[1]
                let hop = GeneratedRelationship.Hop(
                    table: middle.name, near: first, far: far.columns.map(\.name))
                add(parent, "via_\(middle.name)", [hop], to: far.target, far.targetColumns)
            }
            for last in tables {
                guard let link = last.links.first(where: { $0.target == middle.name }) else { continue }
                let hops = [
                    GeneratedRelationship.Hop(
                        table: middle.name, near: first, far: middle.primaryKey.map(\.name)),
                    .init(table: last.name, near: link.columns.map(\.name), far: last.primaryKey.map(\.name)),
                ]
                add(
                    parent, "over_\(middle.name)_\(last.name)", hops, to: last.name,
                    last.primaryKey.map(\.name))
            }
        }
    }

    private mutating func add(
        _ parent: GeneratedTable, _ name: String, _ hops: [GeneratedRelationship.Hop], to table: String,
        _ targets: [String]
    ) {
        for isDistinct in [false, true] {
            relationships.append(
                GeneratedRelationship(
                    parent: parent.name, shortName: name + (isDistinct ? "_once" : ""),
                    key: parent.primaryKey,
                    hops: hops, table: table, targets: targets, isToOne: false, isDistinct: isDistinct))
        }
    }

    /// Adds relationships with some of the columns in another order, and ones with a fixed condition.
    private mutating func addOddRelationships(_ generator: inout SeededGenerator) {
        for relationship in relationships where relationship.hops.isEmpty && !relationship.isToOne {
            let related = table(relationship.table)
            guard let sort = related.payload.filter(\.isFilterable).randomElement(using: &generator) else {
                continue
            }
            let shown = related.columns.shuffled(using: &generator).prefix(4).map(\.name)
            var odd = relationship
            odd.columns = Array(Set(shown + [sort.name])).sorted()
            odd.order = [(Bool.random(using: &generator) ? "-" : "") + sort.name]
            relationships.append(odd.renamed("odd"))
            let plain = related.payload.filter {
                $0.declaration.hasPrefix("INT") || $0.declaration.hasPrefix("ENUM")
            }
            guard let column = plain.first, let value = column.values.randomElement(using: &generator) else {
                continue
            }
            var fixed = relationship
            fixed.fixed = (column, value)
            relationships.append(fixed.renamed("fixed"))
        }
    }
}

extension GeneratedRelationship {
    fileprivate func renamed(_ suffix: String) -> GeneratedRelationship {
        var relationship = GeneratedRelationship(
            parent: parent, shortName: "\(shortName)_\(suffix)", key: key, hops: hops, table: table,
            targets: targets,
            isToOne: isToOne)
        (relationship.columns, relationship.order, relationship.fixed) = (columns, order, fixed)
        return relationship
    }
}
