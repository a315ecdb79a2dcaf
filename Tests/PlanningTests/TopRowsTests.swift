import Planning
import Relations
import Testing

private let int = ColumnType.integer(bits: 32, signed: true, zerofill: false)

private func column(_ name: String, _ type: ColumnType = int) -> Column {
    Column(name: name, type: type, declaration: "", isNullable: false)
}

private func books(
    _ indexes: [Index.Part]..., key: [Column] = [column("id")], dialect: Dialect = .mariaDB
) -> Relationship {
    let keys = [Index(name: "PRIMARY", columns: key.map { .init($0.name) }, isUnique: true)]
    let table = Table(
        name: "books", columns: key + [column("author"), column("sold")],
        indexes: keys + indexes.map { Index(name: "i", columns: $0, isUnique: false) })
    return Relationship(
        name: "authors.books", kind: .many, parent: .init(Table(name: "authors", columns: [], indexes: [])),
        key: [column("id")], matchedColumns: [column("author")], to: table, dialect: dialect)
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
        let planner = Planner(relationship, Selection(order: order, limit: limit, offset: offset))
        return keys == 1 ? planner.form([.single(.integer(1))]) : planner.formOfSeveralKeys
    }

    @Test func `a few rows are read from an index that has them in order`() {
        #expect(form(sorted) == .lateral)
        #expect(form(sorted, limit: 15, offset: 5) == .lateral)
        #expect(form(sorted, keys: 1) == .equality)
    }

    @Test func `all rows are numbered where no index has them in order, or nearly all are wanted`() {
        #expect(form(unsorted) == .window)
        #expect(form(sorted, limit: nil, offset: 1) == .window)
        #expect(form(sorted, order: [OrderTerm(column: "sold"), OrderTerm(column: "id")]) == .window)
    }

    @Test func `each key has a query of its own if many rows are wanted, or the primary key is no integer`() {
        #expect(form(sorted, limit: 15, offset: 6) == .selectPerKey)
        let text = ColumnType.text(length: 8, charset: "utf8mb4", collation: "utf8mb4_bin")
        let relationship = books(
            [.init("author"), .init("sold", descending: true)], key: [column("id", text)])
        #expect(form(relationship) == .selectPerKey)
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

    // MARK: MySQL

    private let sortedOnMySQL = books([.init("author"), .init("sold", descending: true)], dialect: .mySQL)

    @Test func `MySQL reads any number of rows in order, whatever the primary key is`() {
        #expect(form(sortedOnMySQL, limit: 1000, offset: 1000) == .lateral)
        #expect(form(sortedOnMySQL, limit: nil, offset: 1) == .lateral)
        let text = ColumnType.text(length: 8, charset: "latin1", collation: "latin1_bin")
        for key in [[column("id", text)], [column("id"), column("part", text)]] {
            let relationship = books(
                [.init("author"), .init("sold", descending: true)], key: key, dialect: .mySQL)
            let order = [bySold[0]] + key.map { OrderTerm(column: $0.name) }
            #expect(form(relationship, order: order) == .lateral)
        }
        #expect(form(books([.init("author")], dialect: .mySQL)) == .window)
        #expect(
            form(books([.init("author"), .init("sold", descending: true)], key: [], dialect: .mySQL))
                == .window)
    }

    @Test func `true LATERAL is led by the matched column, in the direction in which the index is read`() {
        let text = sql(sortedOnMySQL, Selection(order: bySold, limit: 2, offset: 4))
        #expect(
            text.hasSuffix(
                " k STRAIGHT_JOIN LATERAL (SELECT c.`id` p0 FROM `books` c WHERE c.`author`=k.k0"
                    + " ORDER BY c.`author`,c.`sold` DESC,c.`id` LIMIT 2 OFFSET 4) x"
                    + " STRAIGHT_JOIN `books` t ON t.`id`=x.p0 ORDER BY k.o,t.`sold` DESC,t.`id`"))
        let backwards = books([.init("author"), .init("sold")], dialect: .mySQL)
        let newest = [OrderTerm(column: "sold", descending: true), OrderTerm(column: "id", descending: true)]
        #expect(
            sql(backwards, Selection(order: newest, limit: 2)).contains(
                " ORDER BY c.`author` DESC,c.`sold` DESC,c.`id` DESC LIMIT 2) x"))
        let descending = books([.init("author", descending: true), .init("sold")], dialect: .mySQL)
        let oldest = [OrderTerm(column: "sold"), OrderTerm(column: "id")]
        #expect(
            sql(descending, Selection(order: oldest, limit: 2)).contains(
                " ORDER BY c.`author` DESC,c.`sold`,c.`id` LIMIT 2) x"))
    }

    @Test func `true LATERAL names each column of a composite primary key, and a matched one only once`() {
        let relationship = books(key: [column("author"), column("id")], dialect: .mySQL)
        let order = [OrderTerm(column: "author"), OrderTerm(column: "id")]
        let text = sql(relationship, Selection(order: order, limit: nil, offset: 1))
        #expect(
            text.contains(
                "LATERAL (SELECT c.`author` p0,c.`id` p1 FROM `books` c WHERE c.`author`=k.k0"
                    + " ORDER BY c.`author`,c.`id` LIMIT 18446744073709551615 OFFSET 1) x"))
        #expect(text.hasSuffix(" ON t.`author`=x.p0 AND t.`id`=x.p1 ORDER BY k.o,t.`author`,t.`id`"))
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
        for (relationship, alias) in [(sorted, "c"), (sortedOnMySQL, "c"), (unsorted, "t")] {
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
    private func statement(
        _ type: ColumnType, _ comparison: Comparison, _ dialect: Dialect = .mariaDB
    ) -> String {
        let selection = Selection(conditions: [Condition(column("x", type), comparison)])
        let statement = Planner(books(dialect: dialect), selection).statement(
            for: [.single(.integer(1))], showing: [column("id")])
        return String(decoding: statement.sql, as: UTF8.self)
    }

    private func sql(_ type: ColumnType, _ comparison: Comparison, _ dialect: Dialect = .mariaDB) -> String {
        String(statement(type, comparison, dialect).drop { $0 != "=" }.dropFirst("=1 AND ".count))
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

    @Test func `what survives a conversion is compared in an exact collation that the server has`() {
        let latin1 = ColumnType.text(length: 9, charset: "latin1", collation: "latin1_bin")
        let text = sql(latin1, .equal(text("é")), .mySQL)
        #expect(text.contains(" COLLATE utf8mb4_0900_bin='é'"), "\(text)")
    }

    @Test func `a day that the calendar lacks is allowed where the server would refuse it`() {
        let hint = "SELECT /*+ SET_VAR(sql_mode='ALLOW_INVALID_DATES') */ "
        let never: [Comparison] = [
            .equal(text("2024-02-30")), .any([text("2024-01-01"), text("2024-02-30")], orNull: false),
            .less(text("2024-02-30")),
        ]
        for comparison in never {
            #expect(statement(.date, comparison, .mySQL).hasPrefix(hint))
            #expect(statement(.date, comparison).hasPrefix("SELECT t."))
        }
        #expect(statement(.date, .equal(text("2024-02-29")), .mySQL).hasPrefix("SELECT t."))
        let name = ColumnType.text(length: 9, charset: "utf8mb4", collation: "utf8mb4_bin")
        #expect(statement(name, .equal(text("2024-02-30")), .mySQL).hasPrefix("SELECT t."))
    }
}
