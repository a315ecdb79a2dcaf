import Planning
import Relations

/// From the keys of a batch to SQL.
extension Case {
    static let planning = [
        Case(
            name: "planning/integers", unit: "key of 100", unitsPerIteration: 100,
            ceiling: Cost(instructions: 425, allocations: 0.02)
        ) { plan(keyedBy: integer, integerKeys, iterations: $0) },
        Case(
            name: "planning/texts", unit: "key of 100", unitsPerIteration: 100,
            ceiling: Cost(instructions: 1_130, allocations: 0.21)
        ) { plan(keyedBy: text, textKeys, iterations: $0) },
        Case(
            name: "planning/one key", unit: "statement", unitsPerIteration: 1,
            ceiling: Cost(instructions: 2_950, allocations: 2.3)
        ) { plan(keyedBy: integer, [integerKeys[0]], iterations: $0) },
    ]

    private static let integer = ColumnType.integer(bits: 32, signed: true, zerofill: false)
    private static let text = ColumnType.text(
        length: 80, charset: "utf8mb4", collation: "utf8mb4_general_ci")
    private static let integerKeys = (1...100).map { Key.single(.integer($0 * 7919)) }
    private static let textKeys = (1...100).map { Key.single(.text(Array("author \($0 * 7919)".utf8))) }

    private static func plan(keyedBy type: ColumnType, _ keys: [Key], iterations: Int) -> Int {
        let relationship = books(of: type)
        let statements = StatementWriter(
            Planner(relationship, Selection(allOf: relationship)), showing: relationship.columns)
        var bytes = 0
        for _ in 0..<iterations { bytes += statements.statement(for: keys).sql.count }
        return bytes
    }

    /// `authors.books` over a key column of this type.
    private static func books(of type: ColumnType) -> Relationship {
        let id = column("id", integer)
        let owner = column("author", type)
        let authors = Table(name: "authors", columns: [owner], primaryKey: ["author"], uniqueKeys: [])
        let books = Table(
            name: "books", columns: [id, owner, column("title", text), column("published", .date)],
            primaryKey: ["id"], uniqueKeys: [])
        return Relationship(
            name: "authors.books", kind: .many, parent: .init(authors), key: [owner], matchedColumns: [owner],
            to: books, dialect: .mariaDB)
    }

    private static func column(_ name: String, _ type: ColumnType) -> Column {
        Column(name: name, type: type, declaration: "", isNullable: false)
    }
}
