import Planning
import Relations
import Testing

/// A writer of statements keeps what it has written once; whatever it was asked before, it writes what a new
/// one writes.
@Suite struct StatementWriterTests {
    private static let int = ColumnType.integer(bits: 32, signed: true, zerofill: false)
    private static let text = ColumnType.text(length: 80, charset: "utf8mb4", collation: "utf8mb4_general_ci")

    private static func column(_ name: String, _ type: ColumnType) -> Column {
        Column(name: name, type: type, declaration: "", isNullable: true)
    }

    private static func relationship(_ types: [ColumnType], _ dialect: Dialect) -> Relationship {
        let key = types.enumerated().map { column("k\($0.offset)", $0.element) }
        let table = Table(
            name: "books", columns: [column("id", int), column("title", text)] + key, primaryKey: ["id"],
            uniqueKeys: [])
        return Relationship(
            name: "a.books", kind: .many, parent: .init(Table(name: "a", columns: key, indexes: [])),
            key: key,
            matchedColumns: key, to: table, dialect: dialect)
    }

    private static func texts(_ texts: String...) -> [Key] {
        texts.map { .single(.text(Array($0.utf8))) }
    }

    /// Types of a key's columns, and keys, of which those that are written in another way are not the first.
    private static let keys: [(types: [ColumnType], keys: [Key])] = [
        ([int], [1, -7, 1 << 31].map { .single(.integer($0)) }),
        ([int, int], [[1, 2], [-1, 7]].map { .composite($0.map { .integer($0) }) }),
        ([.date], texts("2024-02-29", "2024-02-30", "2023-01-01")),
        ([int, .date], [.composite([.integer(1), .text(Array("2024-02-30".utf8))])]),
        ([text], texts("bob", "zoë", String(repeating: "x", count: 2000))),
    ]

    private static let selections: [(String, Selection)] = [
        ("plain", Selection()), ("count", Selection(isCount: true)),
        ("ordered", Selection(order: [OrderTerm(column: "title", descending: true)])),
        ("limited", Selection(order: [OrderTerm(column: "id")], limit: 3, offset: 2)),
        (
            "filtered",
            Selection(conditions: [Condition(column("title", text), .equal(.text(Array("a'b".utf8))))])
        ),
        (
            "page",
            Selection(
                order: [OrderTerm(column: "id")], limit: 3,
                paging: Paging(.after, columns: [column("id", int)]))
        ),
    ]

    @Test(arguments: [Dialect.mariaDB, .mySQL], selections.map(\.0))
    func `what was written before changes nothing`(dialect: Dialect, name: String) throws {
        let selection = try #require(Self.selections.first { $0.0 == name }?.1)
        for (types, keys) in Self.keys {
            let relationship = Self.relationship(types, dialect)
            let planner = Planner(relationship, selection)
            let positioned = keys.enumerated().map { index, key in
                selection.paging == nil ? key : Key.paged(key, from: Position([.integer(Int64(33 + index))]))
            }
            let writer = StatementWriter(planner, showing: relationship.columns)
            let one = positioned.map { [$0] }
            for batch in one + [positioned] + one.reversed() + [Array(positioned.reversed())] {
                let fresh = StatementWriter(planner, showing: relationship.columns)
                let (kept, new) = (writer.statement(for: batch), fresh.statement(for: batch))
                #expect(String(decoding: kept.sql, as: UTF8.self) == String(decoding: new.sql, as: UTF8.self))
                #expect(kept == new)
            }
        }
    }
}
