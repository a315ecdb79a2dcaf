import Planning
import Relations
import Testing

/// The SQL of pages by position.
@Suite struct PageTests {
    private static let int = ColumnType.integer(bits: 32, signed: true, zerofill: false)
    private static let id = Column(name: "id", type: int, declaration: "int", isNullable: false)
    private static let author = Column(name: "author", type: int, declaration: "int", isNullable: false)
    private static let sold = Column(name: "sold", type: int, declaration: "int", isNullable: true)
    private static let title = Column(
        name: "title", type: .text(length: 200, charset: "utf8mb4", collation: "utf8mb4_bin"),
        declaration: "varchar(200)", isNullable: false)

    private static func relationship(_ dialect: Dialect) -> Relationship {
        let table = Table(
            name: "books", columns: [id, author, sold, title],
            indexes: [
                Index(name: "PRIMARY", columns: [.init("id")], isUnique: true),
                Index(
                    name: "by_sold", columns: [.init("author"), .init("sold", descending: true)],
                    isUnique: false),
            ])
        return Relationship(
            name: "authors.books", kind: .many,
            parent: .init(Table(name: "authors", columns: [], indexes: [])), key: [id],
            matchedColumns: [author], to: table, dialect: dialect)
    }

    private func sql(
        _ direction: Paging.Direction, _ order: [OrderTerm], _ columns: [Column], _ keys: [Key],
        _ dialect: Dialect = .mariaDB
    ) -> String {
        let selection = Selection(order: order, limit: 3, paging: Paging(direction, columns: columns))
        let planner = Planner(Self.relationship(dialect), selection)
        return String(decoding: planner.statement(for: keys, showing: [Self.id]).sql, as: UTF8.self)
    }

    private let bySold = [OrderTerm(column: "sold", descending: true), OrderTerm(column: "id")]

    private func key(_ key: Int64, from values: Scalar?...) -> Key {
        .paged(.single(.integer(key)), from: Position(values))
    }

    @Test func `one key's page is a comparison with its position, and one row more than is shown`() {
        #expect(
            sql(.after, bySold, [Self.sold, Self.id], [key(42, from: .integer(1327), .integer(33))])
                == [
                    "SELECT t.`author`,t.`sold`,t.`id` FROM `books` t WHERE t.`author`=42 AND ",
                    "((t.`sold`<1327 OR t.`sold` IS NULL) OR (t.`sold`=1327 AND t.`id`>33))",
                    " ORDER BY t.`sold` DESC,t.`id` LIMIT 4",
                ].joined())
    }

    @Test func `several keys have a query each, in one statement, read as their index has them`() {
        let keys = [key(42, from: nil, .integer(33)), Key.single(.integer(43))]
        #expect(
            sql(.after, bySold, [Self.sold, Self.id], keys)
                == [
                    "SELECT u.o,t.`author`,t.`sold`,t.`id` FROM (",
                    "(SELECT 1 o,t.`id` p0 FROM `books` t WHERE t.`author`=42",
                    " AND (t.`sold` IS NULL AND t.`id`>33)",
                    " ORDER BY t.`author`,t.`sold` DESC,t.`id` LIMIT 4) UNION ALL ",
                    "(SELECT 2 o,t.`id` p0 FROM `books` t WHERE t.`author`=43",
                    " ORDER BY t.`author`,t.`sold` DESC,t.`id` LIMIT 4)) u",
                    " STRAIGHT_JOIN `books` t ON t.`id`=u.p0 ORDER BY u.o,t.`sold` DESC,t.`id`",
                ].joined())
    }

    @Test func `pages in front of a position are read backwards`() {
        #expect(
            sql(.before, bySold, [Self.sold, Self.id], [key(42, from: .integer(1327), .integer(33))])
                .hasSuffix(
                    "(t.`sold`>1327 OR (t.`sold`=1327 AND t.`id`<33)) ORDER BY t.`sold`,t.`id` DESC LIMIT 4"))
        // Everything that is not NULL stands in front of a NULL, if the order is descending.
        #expect(
            sql(.before, bySold, [Self.sold, Self.id], [key(42, from: nil, .integer(33))])
                .contains("(t.`sold` IS NOT NULL OR (t.`sold` IS NULL AND t.`id`<33))"))
    }

    @Test func `an order by long texts is by all of their bytes`() {
        let byTitle = [OrderTerm(column: "title"), OrderTerm(column: "id")]
        let position = key(42, from: .text(Array("Emma".utf8)), .integer(33))
        #expect(
            sql(.after, byTitle, [Self.title, Self.id], [position])
                .hasPrefix("SET STATEMENT max_sort_length=8388608 FOR SELECT "))
        #expect(
            sql(.after, byTitle, [Self.title, Self.id], [position], .mySQL)
                .hasPrefix("SELECT /*+ SET_VAR(max_sort_length=8388608) */ "))
    }

    @Test func `a statement has 50 keys at most, and fewer if each repeats many values of a filter`() {
        let paging = Paging(.after, columns: [Self.id])
        func maxKeys(_ conditions: [Condition]) -> Int {
            let selection = Selection(
                conditions: conditions, order: [OrderTerm(column: "id")], limit: 3, paging: paging)
            return Planner(Self.relationship(.mariaDB), selection).maxKeys(1000)
        }
        #expect(maxKeys([]) == 50)
        let many = (0..<100).map { Scalar.integer($0) }
        #expect(maxKeys([Condition(Self.sold, .any(many, orNull: false))]) == 10)
        let long = Scalar.text(Array(repeating: UInt8(ascii: "x"), count: 1 << 18))
        #expect(maxKeys([Condition(Self.title, .equal(long))]) == 4)
    }
}
