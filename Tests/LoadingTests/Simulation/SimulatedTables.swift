import Relations
import TestSupport

/// A row, by column; what is not there is `NULL`.
typealias ShopRow = [String: String]

/// The tables of the simulated database. Nothing in them changes.
struct SimulatedTables {
    static let columns = [
        "authors": ["id", "name"], "books": ["id", "author_id", "title"],
        "reviews": ["id", "book_id", "stars"],
        "owners": ["id", "city"], "pets": ["id", "owner_id", "name"],
    ]

    /// Columns of texts; all others are `BIGINT`.
    static let texts = [
        "authors.name", "books.title", "owners.id", "owners.city", "pets.owner_id", "pets.name",
    ]

    private var rows: [String: [String: [ShopRow]]] = [:]
    /// Every query that asks for one of these fails.
    private(set) var poison: Set<String> = []

    /// - Parameters:
    ///   - longestText: characters.
    ///   - poison: this part of all keys.
    init(longestText: Int, poison: Double, _ random: inout SeededGenerator) {
        let text = { (random: inout SeededGenerator) -> String? in
            let length = random.number(0...longestText)
            let letter = random.pick("a", "b", "ö", "\"")
            return random.chance(0.1) ? nil : String(repeating: letter, count: length)
        }
        for id in 1...20 { add("authors", ["id": "\(id)", "name": text(&random)]) }
        for id in 1...50 {
            // Some authors have many.
            let author = random.chance(0.3) ? 1 : random.number(1...22)
            add(
                "books",
                [
                    "id": "\(id)", "author_id": random.chance(0.1) ? nil : "\(author)",
                    "title": text(&random),
                ])
        }
        for id in 1...60 {
            let book = "\(random.number(1...50))"
            add("reviews", ["id": "\(id)", "book_id": book, "stars": "\(random.number(0...5))"])
        }
        for id in 1...8 { add("owners", ["id": "owner\(id)", "city": text(&random)]) }
        for id in 1...20 {
            let owner = random.chance(0.5) ? "owner\(random.number(1...9))" : "Owner\(random.number(1...9))"
            add("pets", ["id": "\(id)", "owner_id": random.chance(0.1) ? nil : owner, "name": text(&random)])
        }
        for relation in SimulatedRelationship.all {
            for key in 1...25 where random.chance(poison) {
                self.poison.insert(
                    Self.mark(relation.table, relation.match, relation.isText ? "owner\(key)" : "\(key)"))
            }
        }
    }

    private mutating func add(_ table: String, _ row: [String: String?]) {
        let row = row.compactMapValues { $0 }
        for (column, value) in row {
            rows["\(table).\(column)", default: [:]][value.lowercased(), default: []].append(row)
        }
    }

    /// In the order of their primary key.
    func rows(of table: String, where column: String, equals key: String) -> [ShopRow] {
        rows["\(table).\(column)"]?[key.lowercased()] ?? []
    }

    func isPoison(_ table: String, _ column: String, _ key: String) -> Bool {
        !poison.isEmpty && poison.contains(Self.mark(table, column, key))
    }

    private static func mark(_ table: String, _ column: String, _ key: String) -> String {
        "\(table).\(column)=\(key.lowercased())"
    }
}

extension SimulatedTables {
    /// What the daemon reads from the database about these tables.
    static let catalog = CatalogBuilder(schema).build(discover: true, explicit: []).catalog

    private static var schema: Schema {
        let tables = columns.map { name, columns in
            Table(
                name: name, columns: columns.map { column(name, $0) }, primaryKey: ["id"], uniqueKeys: [])
        }
        let keys = SimulatedRelationship.all.filter { !$0.isMany }.map {
            ForeignKey(child: $0.parent, childColumns: [$0.link], parent: $0.table, parentColumns: ["id"])
        }
        return Schema(database: "tables", tables: tables, foreignKeys: keys, dialect: .mariaDB)
    }

    private static func column(_ table: String, _ name: String) -> Column {
        let isText = texts.contains("\(table).\(name)")
        let text = ColumnType.text(length: 80, charset: "utf8mb4", collation: "utf8mb4_general_ci")
        return Column(
            name: name, type: isText ? text : .integer(bits: 64, signed: true, zerofill: false),
            declaration: isText ? "varchar(80)" : "bigint(20)", isNullable: name != "id")
    }
}
