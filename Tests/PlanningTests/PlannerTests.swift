import Planning
import Relations
import Testing

private let int = ColumnType.integer(bits: 32, signed: true, zerofill: false)
private let name = ColumnType.text(length: 80, charset: "utf8mb4", collation: "utf8mb4_general_ci")

private func column(_ name: String, _ type: ColumnType = int) -> Column {
    Column(name: name, type: type, declaration: "", isNullable: false)
}

private func table(_ name: String, _ columns: [Column], key: [String] = ["id"], unique: [[String]] = [])
    -> Table
{
    Table(name: name, columns: columns, primaryKey: key, uniqueKeys: [key] + unique)
}

private let parent = Relationship.Parent(table("p", [column("id")]))

private func tagging(isDistinct: Bool) -> Relationship.JoinPath {
    .init(
        [Hop(table: "book_tags", near: [column("book_id")], far: [column("tag_id")])],
        tables: [table("book_tags", [])],
        targets: [column("id")], isDistinct: isDistinct)
}

private func planner(_ relationship: Relationship) -> Planner {
    Planner(relationship, Selection(allOf: relationship))
}

private func statement(_ relationship: Relationship, _ keys: [Key]) -> Statement {
    planner(relationship).statement(for: keys, showing: relationship.columns)
}

private func sql(_ relationship: Relationship, _ keys: Key...) -> String {
    String(decoding: statement(relationship, keys).sql, as: UTF8.self)
}

private func text(_ value: String) -> Key { .single(.text(Array(value.utf8))) }

/// A one-to-many relationship with one key column of this type.
private func relationship(
    keyedBy type: ColumnType, order: [OrderTerm] = [], dialect: Dialect = .mariaDB
) -> Relationship {
    let books = table("books", [column("id"), column("owner", type)])
    return Relationship(
        name: "authors.books", kind: .many, parent: parent, key: [column("id", type)],
        matchedColumns: [column("owner", type)], to: books, order: order, dialect: dialect)
}

@Suite struct PlannerTests {
    @Test func `one integer is compared with a literal`() {
        #expect(
            sql(relationship(keyedBy: int), .single(.integer(42)))
                == "SELECT t.`id`,t.`owner` FROM `books` t WHERE t.`owner`=42 ORDER BY t.`id`")
    }

    @Test func `several integers stand in a list`() {
        #expect(
            sql(relationship(keyedBy: int), .single(.integer(42)), .single(.integer(-1)))
                == "SELECT t.`id`,t.`owner` FROM `books` t WHERE t.`owner` IN (42,-1) ORDER BY t.`owner`,t.`id`"
        )
    }

    @Test func `texts stand in a table with their ordinals, in the column's collation`() {
        #expect(
            sql(relationship(keyedBy: name), text("bob"), text("O'Zoë\"\\"))
                == #"SELECT k.o,t.`id`,t.`owner` FROM JSON_TABLE('["bob","O\'Zoë\\"\\\\"]','$[*]' COLUMNS (o FOR ORDINALITY,"#
                + #"k0 VARCHAR(8) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PATH '$')) k STRAIGHT_JOIN `books` t"#
                + #" ON t.`owner`=k.k0 ORDER BY k.o,t.`id`"#)
    }

    @Test func `a matched column that is not shown is selected too, so that a change of its type is noticed`()
    {
        let hidden = table("books", [column("id"), column("owner", name)])
        let relationship = Relationship(
            name: "a.b", kind: .many, parent: parent, key: [column("id", name)],
            matchedColumns: [column("owner", name)], to: hidden, columns: [column("id")], dialect: .mariaDB)
        #expect(
            sql(relationship, text("x"))
                == "SELECT t.`owner`,t.`id` FROM `books` t WHERE t.`owner`='x' ORDER BY t.`id`")
        #expect(
            sql(relationship, text("x"), text("y")).hasPrefix("SELECT k.o,t.`owner`,t.`id` FROM JSON_TABLE("))
        let statement = statement(relationship, [text("x")])
        #expect(statement.leadingTypes == [name])
    }

    @Test func `one text is compared with a quoted literal`() {
        #expect(
            sql(relationship(keyedBy: name), text("O'Brien\\"))
                == #"SELECT t.`id`,t.`owner` FROM `books` t WHERE t.`owner`='O\'Brien\\' ORDER BY t.`id`"#)
    }

    @Test func `a key must survive conversion into a character set that may not hold it`() {
        let latin = ColumnType.text(length: 10, charset: "latin1", collation: "latin1_swedish_ci")
        let statement = sql(relationship(keyedBy: latin), text("é"))
        #expect(statement.contains("k0 VARCHAR(2) CHARACTER SET latin1 COLLATE latin1_swedish_ci PATH '$'"))
        #expect(statement.contains("CONVERT(k.k0 USING utf8mb4) COLLATE utf8mb4_nopad_bin=k.u0"))
        let onMySQL = sql(relationship(keyedBy: latin, dialect: .mySQL), text("é"))
        #expect(onMySQL.contains("CONVERT(k.k0 USING utf8mb4) COLLATE utf8mb4_0900_bin=k.u0"))
    }

    @Test func `a text that is too long for its column is no literal where the server would cut it`() {
        let short = ColumnType.text(length: 3, charset: "utf8mb4", collation: "utf8mb4_general_ci")
        func form(_ key: String, _ dialect: Dialect) -> Planner.Form {
            planner(relationship(keyedBy: short, dialect: dialect)).form([text(key)])
        }
        #expect(form("abc\n", .mySQL) == .ordinals)
        #expect(form("éöü", .mySQL) == .equality, "characters count, not bytes")
        #expect(form("abc\n", .mariaDB) == .equality)
    }

    @Test func `keys of an ENUM are sent one by one, since only a literal uses its index`() {
        let type = ColumnType.enumeration(charset: "utf8mb4", collation: "utf8mb4_general_ci")
        #expect(planner(relationship(keyedBy: type)).maxKeys(500) == 1)
        #expect(planner(relationship(keyedBy: int)).maxKeys(500) == 500)
    }

    @Test func `a key column that is not shown comes first, once`() {
        let statement = planner(relationship(keyedBy: int)).statement(
            for: [.single(.integer(42)), .single(.integer(7))], showing: [column("id")])
        #expect(
            String(decoding: statement.sql, as: UTF8.self)
                == "SELECT t.`owner`,t.`id` FROM `books` t WHERE t.`owner` IN (42,7) ORDER BY t.`owner`,t.`id`"
        )
        #expect(statement.attribution == .values([int]))
    }

    @Test func `columns share the bound on keys, because the server counts values`() {
        let orders = Relationship(
            name: "a.b", kind: .many, parent: parent, key: [column("a"), column("b")],
            matchedColumns: [column("a"), column("b")],
            to: table("lines", [column("id"), column("a"), column("b")]), dialect: .mariaDB)
        #expect(planner(orders).maxKeys(500) == 250)
        #expect(
            sql(orders, .composite([.integer(1), .integer(2)]), .composite([.integer(3), .integer(4)]))
                == "SELECT t.`id`,t.`a`,t.`b` FROM `lines` t WHERE (t.`a`,t.`b`) IN ((1,2),(3,4))"
                + " ORDER BY t.`a`,t.`b`,t.`id`")
    }

    @Test func `a composite key of different types stands in a table with its ordinal`() {
        let mixed = Relationship(
            name: "a.b", kind: .many, parent: parent, key: [column("a"), column("b", name)],
            matchedColumns: [column("a"), column("b", name)], to: table("lines", [column("id")]),
            dialect: .mariaDB)
        let statement = sql(
            mixed, .composite([.integer(1), .text([65])]), .composite([.integer(2), .text([66])]))
        #expect(
            statement.contains(
                #"JSON_TABLE('[["1","A"],["2","B"]]','$[*]' COLUMNS (o FOR ORDINALITY,k0 BIGINT PATH '$[0]',"#
            ))
        #expect(statement.contains("ON t.`a`=k.k0 AND t.`b`=k.k1"))
    }

    @Test func `columns of joined tables are compared as a key would be compared with the second`() {
        let near = column("n", .text(length: 9, charset: "utf8mb4", collation: "utf8mb4_general_ci"))
        func on(_ type: ColumnType, _ near: Column = near) -> String {
            let path = Relationship.JoinPath(
                [Hop(table: "h", near: [column("id")], far: [near])], tables: [table("h", [])],
                targets: [column("k", type)], isDistinct: false)
            let relationship = Relationship(
                name: "a.b", kind: .many, parent: parent, key: [column("id")], matchedColumns: [column("id")],
                through: path,
                to: table("b", [column("id")]), dialect: .mariaDB)
            let text = sql(relationship, .single(.integer(1)))
            return String(text.split(separator: " ON ")[1].split(separator: " WHERE ")[0])
        }
        #expect(on(near.type) == "t.`k`=j0.`n`")
        #expect(
            on(.text(length: 9, charset: "utf8mb4", collation: "utf8mb4_bin"))
                == "t.`k`=CONVERT(j0.`n` USING utf8mb4) COLLATE utf8mb4_bin")
        #expect(
            on(.text(length: 9, charset: "latin1", collation: "latin1_bin"))
                == "t.`k`=CONVERT(j0.`n` USING latin1) COLLATE latin1_bin AND CAST(CONVERT(CONVERT(j0.`n` USING latin1)"
                + " USING utf8mb4) AS BINARY)=CAST(j0.`n` AS BINARY)")
        #expect(on(.bit(width: 3), column("n", .bit(width: 3))) == "t.`k`=j0.`n`")
        #expect(on(.bit(width: 3), column("n", .bit(width: 8))) == "t.`k`=j0.`n`+0")
    }

    @Test func `a text that is given as bytes can share a query with others`() {
        let russian = ColumnType.text(length: 9, charset: "cp1251", collation: "cp1251_bin")
        let text = sql(relationship(keyedBy: russian), text("?"), .single(.bytes([0x98])))
        #expect(
            text.contains(#"JSON_TABLE('["?",{"x":"98"}]','$[*]' COLUMNS (o FOR ORDINALITY,k0 VARCHAR(2) "#))
        #expect(text.contains("h0 VARCHAR(2) CHARACTER SET latin1 PATH '$.x')) k"))
        #expect(
            text.contains(
                "ON t.`owner`=IFNULL(CONVERT(UNHEX(k.h0) USING cp1251) COLLATE cp1251_bin,k.k0) AND (k.h0 IS NOT NULL OR "
            ))
    }

    @Test func `an impossible day is asked for under the SQL mode that allows it`() {
        let dated = relationship(keyedBy: .date)
        #expect(sql(dated, text("2026-02-28"), text("2026-03-31")).hasPrefix("SELECT k.o"))
        #expect(
            sql(dated, text("2026-02-28"), text("2026-02-30")).hasPrefix(
                "SET STATEMENT sql_mode='ALLOW_INVALID_DATES' FOR SELECT k.o"))
        // A literal needs no SQL mode.
        #expect(sql(dated, text("2026-02-30")).hasPrefix("SELECT t.`id`"))
    }

    @Test func `an impossible day is asked for by a hint on MySQL, which refuses it as a literal as well`() {
        let hint = "SELECT /*+ SET_VAR(sql_mode='ALLOW_INVALID_DATES') */ "
        let dated = relationship(keyedBy: .date, dialect: .mySQL)
        #expect(sql(dated, text("2026-02-28"), text("2026-02-30")).hasPrefix(hint + "k.o"))
        #expect(sql(dated, text("2026-02-30")).hasPrefix(hint + "t.`id`"))
        #expect(sql(dated, text("2026-02-28")).hasPrefix("SELECT t.`id`"))
        let plan = statement(dated, [text("2026-02-30")]).explaining
        #expect(String(decoding: plan, as: UTF8.self).hasPrefix("EXPLAIN FORMAT=TRADITIONAL " + hint))
    }

    @Test func `a many-to-many relationship joins its join table`() {
        let tags = Relationship(
            name: "books.tags", kind: .many, parent: parent, key: [column("id")],
            matchedColumns: [column("book_id")],
            through: tagging(isDistinct: false),
            to: table("tags", [column("id")]), dialect: .mariaDB)
        #expect(
            sql(tags, .single(.integer(1)), .single(.integer(2)))
                == "SELECT j0.`book_id`,t.`id` FROM `book_tags` j0 JOIN `tags` t ON t.`id`=j0.`tag_id`"
                + " WHERE j0.`book_id` IN (1,2) ORDER BY j0.`book_id`,t.`id`")
    }

    @Test func `distinct groups by the related row for each key`() {
        let tags = Relationship(
            name: "books.tags", kind: .many, parent: parent, key: [column("id")],
            matchedColumns: [column("book_id")],
            through: tagging(isDistinct: true),
            to: table("tags", [column("id")]), dialect: .mariaDB)
        #expect(
            sql(tags, .single(.integer(1)), .single(.integer(2))).contains(
                "GROUP BY j0.`book_id`,t.`id` ORDER BY"))
        #expect(
            sql(tags, .single(.integer(1))).contains("WHERE j0.`book_id`=1 GROUP BY t.`id` ORDER BY t.`id`"))
    }

    @Test func `keys with one row at most need no order`() {
        let author = Relationship(
            name: "books.author", kind: .one, parent: parent, key: [column("author_id")],
            matchedColumns: [column("id")], to: table("authors", [column("id")]), dialect: .mariaDB)
        #expect(!sql(author, .single(.integer(1)), .single(.integer(2))).contains("ORDER BY"))
    }

    @Test func `an order is kept, and the primary key decides ties`() {
        let ordered = relationship(keyedBy: int, order: [OrderTerm(column: "owner", descending: true)])
        #expect(sql(ordered, .single(.integer(1))).hasSuffix("ORDER BY t.`owner` DESC,t.`id`"))
    }

    @Test func `names are quoted whatever they contain`() {
        let odd = table("odd `table", [column("se`lect")], key: ["se`lect"])
        let relationship = Relationship(
            name: "x", kind: .many, parent: parent, key: [column("id")], matchedColumns: [column("se`lect")],
            to: odd, dialect: .mariaDB)
        #expect(
            sql(relationship, .single(.integer(1)))
                == "SELECT t.`se``lect` FROM `odd ``table` t WHERE t.`se``lect`=1")
    }

    @Test(arguments: [
        (ColumnType.decimal(precision: 10, scale: 2, unsigned: false), "DECIMAL(10,2)"), (.date, "DATE"),
        (.datetime(fraction: 3), "DATETIME(3)"), (.timestamp(fraction: 0), "DATETIME(0)"),
        (.time(fraction: 6), "TIME(6)"),
        (.double, "DOUBLE"), (.float, "FLOAT"), (.uuid, "VARCHAR(1) CHARACTER SET latin1"),
    ])
    func `a key has its own type in the table of keys`(type: ColumnType, declaration: String) {
        #expect(sql(relationship(keyedBy: type), text("1"), text("2")).contains("k0 \(declaration) PATH '$'"))
    }

    @Test func `a FLOAT is shown as a DOUBLE and never compared as one`() {
        let floats = relationship(keyedBy: .float)
        let statement = sql(floats, text("0.1"))
        #expect(statement.contains("CAST(t.`owner` AS DOUBLE)"))
        #expect(statement.contains("k0 FLOAT PATH '$'"))
    }

    @Test func `bytes are written in hexadecimal`() {
        let binary = relationship(keyedBy: .binary(length: 16))
        #expect(sql(binary, .single(.bytes([0, 255]))).contains("t.`owner`=x'00FF'"))
        #expect(sql(binary, .single(.bytes([0])), .single(.bytes([255]))).contains(#"'["00","FF"]'"#))
        #expect(sql(binary, .single(.bytes([0])), .single(.bytes([255]))).contains("t.`owner`=UNHEX(k.k0)"))
    }

    @Test func `a key that is too long for a VARCHAR is declared as LONGTEXT`() {
        let long = text(String(repeating: "x", count: 5000))
        #expect(
            sql(relationship(keyedBy: name), long, text("y")).contains("k0 LONGTEXT CHARACTER SET utf8mb4"))
    }
}
