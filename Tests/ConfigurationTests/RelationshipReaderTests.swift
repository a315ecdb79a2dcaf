import Configuration
import Relations
import Testing

struct RelationshipReaderTests {
    @Test func `a relationship has its raw names and the lines of its members`() throws {
        let settings = try read(
            minimalFile
                + """
                [relationships."books.tags"]
                from = "books.id"
                to = "tags.id"
                kind = "many"
                through = {
                  table = "book_tags", from = "book_id", to = ["tag_id"] }
                distinct = true
                [relationships]
                "`odd.table`.lines".kind = "one"
                "`odd.table`.lines".from = ["`odd.table`.year", "`odd.table`.`a``.b`"]
                "`odd.table`.lines".to = ["l.y", "l.n"]
                "`odd.table`.lines".columns = ["n", "`-odd`"]
                "`odd.table`.lines".order = ["-n", "-`-odd`", "y"]
                """.replacing("{\n  ", with: "{ "))
        try #require(settings.relationships.count == 2)
        let tags = settings.relationships[0]
        #expect(tags.name == "books.tags" && tags.kind == .many && tags.distinct)
        #expect(
            tags.from == .init(table: "books", columns: ["id"])
                && tags.to == .init(table: "tags", columns: ["id"]))
        #expect(tags.through == [.init(table: "book_tags", from: ["book_id"], to: ["tag_id"])])
        #expect(tags.columns == nil && tags.order == nil)
        #expect(tags.line == 6 && tags.line(of: .through) == 10 && tags.line(of: .columns) == 6)
        let lines = settings.relationships[1]
        #expect(
            lines.name == "`odd.table`.lines" && lines.kind == .one && !lines.distinct
                && lines.through.isEmpty
        )
        #expect(lines.from == .init(table: "odd.table", columns: ["year", "a`.b"]))
        #expect(lines.columns == ["n", "-odd"])
        #expect(lines.order?.map(\.column) == ["n", "-odd", "y"])
        #expect(lines.order?.map(\.descending) == [true, true, false])
        #expect(lines.line(of: .order) == 17)
    }

    @Test(arguments: [
        ("kidn = \"one\"", "4: unknown member 'kidn'; did you mean 'kind'?"),
        ("columns = \"id\"", "4: columns of relationship 'a.b' must be a list of different column names"),
        ("columns = []", "4: columns of relationship 'a.b' must be a list of different column names"),
        (
            "columns = [\"a\", \"a\"]",
            "4: columns of relationship 'a.b' must be a list of different column names"
        ),
        (
            "order = [\"a\", \"-a\"]",
            "4: order of relationship 'a.b' must be a list of different column names; \"-name\" is descending"
        ),
        (
            "order = [\"-\"]",
            "4: order of relationship 'a.b' must be a list of different column names; \"-name\" is descending"
        ),
        ("distinct = 1", "4: distinct of relationship 'a.b' is 1; expected true or false"),
        (
            "through = \"j\"",
            "4: through of relationship 'a.b' is \"j\"; expected { table = \"…\", from = \"column\", to = \"column\" } or a list of such"
        ),
        (
            "through = { table = \"j\", from = \"a\", too = \"b\" }",
            "4: through.to must be a column of the join table, or a list of them|4: unknown member 'through.too'; did you mean 'to'?"
        ),
        ("through = { from = \"a\", to = [\"b\", \"c\"] }", "4: through.table must name the join table"),
        (
            "through = { table = \"j\", from = \"a\", to = [\"b\", \"c\"] }",
            "4: through.to has 2 columns, but 'to' has 1"
        ),
    ])
    func `a fault within a relationship has its line`(addition: String, expected: String) {
        let source =
            "[relationships.\"a.b\"]\nkind = \"one\"\nfrom = \"a.i\"\n\(addition)\nto = \"b.a\"\n"
            + minimalFile
        #expect(faults(source).joined(separator: "|") == expected)
    }

    @Test func `a missing member is reported at the beginning of its relationship`() {
        #expect(
            faults(minimalFile + "[relationships.\"a.b\"]") == [
                "6: from of relationship 'a.b' is missing: write from = \"table.column\"",
                "6: kind of relationship 'a.b' is missing; expected \"many\" or \"one\"",
                "6: to of relationship 'a.b' is missing: write to = \"table.column\"",
            ])
        #expect(
            faults(minimalFile + "[relationships]\nx = 1") == [
                "7: 'x' must be a table: write [relationships.\"x\"]"
            ])
    }

    @Test(arguments: [
        "\"a\"", "\"a.b.c\"", "\"`a.b\"", "\"a.\"", "\".a\"", "[]", "[\"a.b\", \"a\"]", "1", "\"`a`b.c\"",
        "\"``.a\"",
    ])
    func `a side is a table and a column`(side: String) {
        let found = faults(
            minimalFile + "[relationships.\"a.b\"]\nkind = \"one\"\nto = \"b.a\"\nfrom = \(side)")
        #expect(
            found.count == 1 && found.first?.hasPrefix("9: from of relationship 'a.b' is ") == true,
            "\(found)")
    }

    @Test func `the columns of a side are of one table, and as many as those of the other side`() {
        let head = "[relationships.\"a.b\"]\nkind = \"one\"\nto = \"b.a\"\n"
        #expect(
            faults(minimalFile + head + "from = [\"a.x\", \"c.y\"]") == [
                "9: from of relationship 'a.b' must name different columns of one table"
            ])
        #expect(
            faults(minimalFile + head + "from = [\"a.x\", \"a.y\"]") == [
                "8: to of relationship 'a.b' has 1 columns, but 'from' has 2"
            ])
    }

    @Test func `a name without a table is a fault`() {
        let body = "\nkind = \"one\"\nfrom = \"a.x\"\nto = \"b.a\""
        #expect(
            faults(minimalFile + "[relationships.bestsellers]" + body) == [
                "6: 'bestsellers' is no name of a relationship: write \"table.name\", a name with a dot in backticks"
            ])
        #expect(faults(minimalFile + "[relationships.\"`a.b`.c\"]" + body) == [])
    }
}
