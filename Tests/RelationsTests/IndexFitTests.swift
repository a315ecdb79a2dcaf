import Relations
import TestSupport
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

extension Index {
    fileprivate func sorts(
        _ matched: [String], fixed: [String], by order: [OrderTerm], primaryKey: [String]
    ) -> Bool {
        direction(of: matched, fixed: fixed, by: order, primaryKey: primaryKey) != nil
    }
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

    @Test func `columns with one value may stand anywhere in an index`() {
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

    @Test func `a comparison without an index is reported with its table`() {
        let tables = [
            Table(name: "authors", columns: [column("id")], indexes: []),
            Table(name: "books", columns: [column("author_id")], indexes: [index("id")]),
        ]
        let books = Relationship(
            name: "authors.books", kind: .many, parent: .init(tables[0]), key: [column("id")],
            matchedColumns: [column("author_id")], to: tables[1], dialect: .mariaDB)
        let gaps = books.gaps(in: schema(tables, []))
        #expect(gaps == [.init(table: "books", columns: ["author_id"], hasNoIndexAtAll: false)])
    }
}

/// Compares what is said of an index with a model of it: rows in the order of its columns and then of the
/// primary key.
@Suite struct IndexOrderPropertyTests {
    private typealias Row = [String: Int]

    private static func isBefore(_ left: Row, _ right: Row, _ terms: [OrderTerm]) -> Bool {
        for term in terms {
            let (a, b) = (left[term.column] ?? 0, right[term.column] ?? 0)
            if a != b { return (a < b) != term.descending }
        }
        return false
    }

    @Test(arguments: UInt64(0)..<2000)
    func `rows that an index is said to have in order are in order when it is read`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func terms(_ names: [String]) -> [OrderTerm] {
            names.shuffled(using: &generator).prefix(Int.random(in: 1...names.count, using: &generator)).map {
                OrderTerm(column: $0, descending: .random(using: &generator))
            }
        }
        let parts = terms(["a", "b", "s", "u", "id"])
        let index = Index(
            name: "i", columns: parts.map { .init($0.column, descending: $0.descending) }, isUnique: false)
        let primaryKey = Bool.random(using: &generator) ? ["id"] : ["a", "id"]
        var order = terms(["s", "u", "id", "b"])
        order += primaryKey.filter { name in !order.contains { $0.column == name } }.map {
            OrderTerm(column: $0)
        }
        let matched = Bool.random(using: &generator) ? ["a"] : ["a", "b"]
        let fixed = Bool.random(using: &generator) ? ["u"] : []
        guard index.sorts(matched, fixed: fixed, by: order, primaryKey: primaryKey) else { return }
        let rows = (0..<40).map { id -> Row in
            Row(
                uniqueKeysWithValues: [("id", id)]
                    + ["a", "b", "s", "u"].map { ($0, Int.random(in: 0...2, using: &generator)) })
        }
        let stored =
            parts
            + primaryKey.filter { name in !parts.contains { $0.column == name } }.map {
                OrderTerm(column: $0)
            }
        let read = rows.sorted { Self.isBefore($0, $1, stored) }.filter { row in
            (matched + fixed).allSatisfy { row[$0] == 1 }
        }
        let asked = read.sorted { Self.isBefore($0, $1, order) }
        #expect(read == asked || Array(read.reversed()) == asked, "seed \(seed): \(parts) for \(order)")
    }
}
