import Planning
import Relations
import Testing

private let int = ColumnType.integer(bits: 32, signed: true, zerofill: false)

private func column(_ name: String, _ type: ColumnType = int) -> Column {
    Column(name: name, type: type, declaration: "", isNullable: false)
}

private func books(_ indexes: [Index.Part]..., key: [Column] = [column("id")]) -> Relationship {
    let keys = [Index(name: "PRIMARY", columns: key.map { .init($0.name) }, isUnique: true)]
    let table = Table(
        name: "books", columns: key + [column("author"), column("sold")],
        indexes: keys + indexes.map { Index(name: "i", columns: $0, isUnique: false) })
    return Relationship(
        name: "authors.books", kind: .many, parent: .init(Table(name: "authors", columns: [], indexes: [])),
        key: [column("id")], matchedColumns: [column("author")], to: table, dialect: .mariaDB)
}

private let bySold = [OrderTerm(column: "sold", descending: true), OrderTerm(column: "id")]

/// Checks which form a query for some of the rows of each key has, and how it is written.
@Suite struct TopRowsTests {
    private let sorted = books([.init("author"), .init("sold", descending: true)])
    private let unsorted = books([.init("author")])

    private func form(
        _ relationship: Relationship, keys: Int = 2, order: [OrderTerm] = bySold, limit: Int? = 3,
        offset: Int = 0
    ) -> Planner.Form {
        Planner(relationship, Selection(order: order, limit: limit, offset: offset)).form(keys: keys)
    }

    @Test func `a few rows are read from an index that has them in order`() {
        #expect(form(sorted) == .lateral)
        #expect(form(sorted, limit: 15, offset: 5) == .lateral)
        #expect(form(sorted, keys: 1) == .equality)
    }

    @Test func `all rows are numbered where no index has them in order, or many are wanted`() {
        #expect(form(unsorted) == .window)
        #expect(form(sorted, limit: 15, offset: 6) == .window)
        #expect(form(sorted, limit: nil, offset: 1) == .window)
        #expect(form(sorted, order: [OrderTerm(column: "sold"), OrderTerm(column: "id")]) == .window)
    }

    @Test func `rows are numbered if the primary key is not made of integers`() {
        let text = ColumnType.text(length: 8, charset: "utf8mb4", collation: "utf8mb4_bin")
        let relationship = books(
            [.init("author"), .init("sold", descending: true)], key: [column("id", text)])
        #expect(form(relationship) == .window)
        let composite = books(
            [.init("author"), .init("sold", descending: true)], key: [column("author"), column("id")])
        #expect(form(composite) == .lateral)
    }

    private func sql(_ relationship: Relationship, _ selection: Selection) -> String {
        let keys = [Key.single(.integer(1)), .single(.integer(2))]
        let statement = Planner(relationship, selection).statement(for: keys, showing: [column("sold")])
        return String(decoding: statement.sql, as: UTF8.self)
    }

    @Test func `lateral has one subquery for each wanted row`() {
        let text = sql(sorted, Selection(order: bySold, limit: 2, offset: 4))
        for offset in [4, 5] {
            #expect(
                text.contains(
                    "(SELECT c.`id` FROM `books` c WHERE c.`author`=k.k0 ORDER BY c.`sold` DESC,c.`id` LIMIT 1 OFFSET \(offset))"
                ))
        }
        #expect(!text.contains("OFFSET 6"))
        #expect(text.hasSuffix("x STRAIGHT_JOIN `books` t ON t.`id`=x.p0 ORDER BY k.o,x.i"))
    }

    @Test func `a window numbers the primary keys of each key's rows only`() {
        let text = sql(unsorted, Selection(order: bySold, limit: 2, offset: 4))
        #expect(
            text.hasPrefix(
                "SELECT w.o,w.w0,t.`sold` FROM (SELECT k.o,t.`author` w0,t.`id` p0,"
                    + "ROW_NUMBER() OVER (PARTITION BY k.o ORDER BY t.`sold` DESC,t.`id`) n FROM "))
        #expect(text.hasSuffix("WHERE w.n>4 AND w.n<=6 ORDER BY w.o,w.n"))
    }

    @Test func `rows of a table without a primary key are numbered with their columns`() {
        let heap = books([.init("author")], key: [])
        let text = sql(heap, Selection(limit: 1))
        #expect(
            text.hasPrefix(
                "SELECT w.o,w.w0,w.c0 FROM (SELECT k.o,t.`author` w0,t.`sold` c0,ROW_NUMBER() OVER (PARTITION BY k.o) n"
            ))
    }

    @Test func `filters are part of every form`() {
        let condition = Condition(column("sold"), .greaterOrEqual(.integer(5)))
        for (relationship, alias) in [(sorted, "c"), (unsorted, "t")] {
            let selection = Selection(conditions: [condition], order: bySold, limit: 1)
            #expect(sql(relationship, selection).contains("\(alias).`sold`>=5"))
        }
        #expect(sql(unsorted, Selection(conditions: [condition])).contains(" AND t.`sold`>=5"))
    }

    @Test func `rows are counted for each key`() {
        #expect(
            sql(unsorted, Selection(isCount: true))
                == "SELECT t.`author`,COUNT(*) FROM `books` t WHERE t.`author` IN (1,2) GROUP BY t.`author`")
    }
}

/// Checks how filters are written.
@Suite struct ConditionTests {
    private func sql(_ type: ColumnType, _ comparison: Comparison) -> String {
        let selection = Selection(conditions: [Condition(column("x", type), comparison)])
        let statement = Planner(books(), selection).statement(
            for: [.single(.integer(1))], showing: [column("id")])
        let text = String(decoding: statement.sql, as: UTF8.self)
        return String(text.drop { $0 != "=" }.dropFirst("=1 AND ".count))
    }

    private func text(_ value: String) -> Scalar { .text(Array(value.utf8)) }

    @Test func `literals have the column's type`() {
        #expect(
            sql(int, .any([.integer(1), .integer(2)], orNull: true)) == "(t.`x` IN (1,2) OR t.`x` IS NULL)")
        #expect(sql(.float, .equal(text("0.1"))) == "t.`x`=0.10000000149011612e0")
        #expect(sql(.double, .less(text("0.1"))) == "t.`x`<0.1e0")
        #expect(sql(.binary(length: 4), .notEqual(.bytes([0, 255]))) == "t.`x`<>x'00FF'")
        let utf8mb4 = ColumnType.text(length: 9, charset: "utf8mb4", collation: "utf8mb4_bin")
        #expect(sql(utf8mb4, .like(Array("a\\%'%".utf8))) == #"t.`x` LIKE 'a\\%\'%'"#)
    }

    @Test func `a value must survive conversion into a character set that may not hold it`() {
        let latin1 = ColumnType.text(length: 9, charset: "latin1", collation: "latin1_bin")
        #expect(
            sql(latin1, .equal(text("é")))
                == "(t.`x`=CONVERT('é' USING latin1) COLLATE latin1_bin"
                + " AND CONVERT(CONVERT('é' USING latin1) USING utf8mb4) COLLATE utf8mb4_nopad_bin='é')")
    }
}
