import Relations
import Testing

private func index(_ parts: String...) -> Index {
    Index(
        name: "i",
        columns: parts.map { text in
            let name = text.filter { $0 != "-" && $0 != "(" }
            return .init(name, descending: text.hasPrefix("-"), isPrefix: text.hasSuffix("("))
        }, isUnique: false)
}

private func order(_ terms: [String]) -> [OrderTerm] {
    terms.map { OrderTerm(column: $0.filter { $0 != "-" }, descending: $0.hasPrefix("-")) }
}

@Suite struct IndexFitTests {
    @Test(arguments: [
        (index("a", "s"), ["s", "id"], true),  // InnoDB appends the primary key
        (index("a", "s", "id"), ["s", "id"], true), (index("a", "s"), ["-s", "-id"], true),  // backwards
        (index("a", "-s"), ["-s", "id"], true), (index("a", "-s", "id"), ["s", "-id"], true),
        (index("a", "s"), ["-s", "id"], false),  // the directions differ
        (index("a"), ["id"], true), (index("a"), ["-id"], true), (index("a"), ["s", "id"], false),
        (index("s", "a"), ["s", "id"], false), (index("a", "x", "s"), ["s", "id"], false),
        (index("a", "s("), ["s", "id"], false),  // only the first characters of s
        (index("a", "s", "x"), ["s", "id"], false), (index("a", "s", "x"), ["s"], true),
    ])
    func `an index has a key's rows in order`(index: Index, terms: [String], expected: Bool) {
        #expect(index.sorts(["a"], fixed: [], by: order(terms), primaryKey: ["id"]) == expected)
    }

    @Test func `columns with one value stand anywhere`() {
        #expect(index("a", "x", "s").sorts(["a"], fixed: ["x"], by: order(["s", "id"]), primaryKey: ["id"]))
        #expect(index("x", "a", "s").sorts(["a"], fixed: ["x"], by: order(["s", "id"]), primaryKey: ["id"]))
        #expect(index("a", "s").sorts(["a"], fixed: ["x"], by: order(["x", "s", "id"]), primaryKey: ["id"]))
        #expect(
            index("b", "a", "s").sorts(["a", "b"], fixed: [], by: order(["s", "id"]), primaryKey: ["id"]))
        #expect(!index("a", "s").sorts(["a", "b"], fixed: [], by: order(["s", "id"]), primaryKey: ["id"]))
    }

    @Test func `a clustered primary key has its rows in its own order`() {
        #expect(index("a", "id").sorts(["a"], fixed: [], by: order(["id"]), primaryKey: ["a", "id"]))
        #expect(!index("a", "id").sorts(["a"], fixed: [], by: order(["s", "id"]), primaryKey: ["a", "id"]))
    }

    @Test func `what has no index is told, with its table`() {
        let tables = [
            Table(name: "authors", columns: [column("id")], indexes: []),
            Table(name: "books", columns: [column("author_id")], indexes: [index("id")]),
        ]
        let books = Relationship(
            name: "authors.books", kind: .many, parent: .init(tables[0]), key: [column("id")],
            matches: [column("author_id")], to: tables[1])
        let gaps = books.gaps(in: schema(tables, []))
        #expect(gaps == [.init(table: "books", columns: ["author_id"], hasNoIndexAtAll: false)])
    }
}
