import Relations
import Testing

private let name = ColumnType.text(length: 80, charset: "utf8mb4", collation: "utf8mb4_general_ci")

/// `authors.books`, which shows id, title, price and doc, and hides its author.
private let books: Relationship = {
    let table = Table(
        name: "books",
        columns: [
            column("id"), column("author_id"), column("title", name),
            column("price", .decimal(precision: 8, scale: 2, unsigned: false)), column("doc", .json),
            column("bought", .date),
        ], primaryKey: ["id"], uniqueKeys: [])
    return Relationship(
        name: "authors.books", kind: .many, parent: .init(Table(name: "authors", columns: [], indexes: [])),
        key: [column("id")], matchedColumns: [column("author_id")], to: table,
        columns: table.columns.filter { $0.name != "author_id" }, order: [OrderTerm(column: "title")],
        dialect: .mariaDB)
}()

private func string(_ text: String) -> Literal { .string(Array(text.utf8)) }

private func filter(_ column: String, _ comparisons: FilterInput.Comparison...) -> FilterInput {
    FilterInput(column: column, comparisons: comparisons)
}

@Suite struct SelectionTests {
    private func options(_ change: (inout LoadOptions) -> Void) -> LoadOptions {
        var options = LoadOptions()
        change(&options)
        return options
    }

    private func comparison(_ filters: FilterInput...) throws -> [Comparison] {
        try books.selection(options { $0.filters = filters }, at: .root).conditions.map(\.comparison)
    }

    @Test func `a load without options selects all rows in the relationship's own order`() throws {
        #expect(try books.selection(LoadOptions(), at: .root) == Selection(allOf: books))
        #expect(try books.shown(LoadOptions(), at: .root) == books.columns)
    }

    @Test func `the primary key breaks ties`() throws {
        let ordered = try books.selection(
            options { $0.order = [OrderTerm(column: "price", descending: true)] }, at: .root)
        #expect(ordered.order == [OrderTerm(column: "price", descending: true), OrderTerm(column: "id")])
        let own = try books.selection(
            options { $0.order = [OrderTerm(column: "id", descending: true)] }, at: .root)
        #expect(own.order == [OrderTerm(column: "id", descending: true)])
    }

    @Test func `the same filter in another order is the same selection`() throws {
        let one = filter("title", .init(.eq, .value(string("a"))))
        let other = filter("price", .init(.gte, .value(.integer(1))), .init(.lt, .value(.integer(2))))
        let turned = filter("price", .init(.lt, .value(.integer(2))), .init(.gte, .value(.integer(1))))
        let first = try books.selection(options { $0.filters = [one, other] }, at: .root)
        #expect(try books.selection(options { $0.filters = [turned, one] }, at: .root) == first)
    }

    @Test func `null means IS NULL in eq and in a list, and IS NOT NULL in ne`() throws {
        #expect(try comparison(filter("title", .init(.eq, .value(.null)))) == [.isNull])
        #expect(try comparison(filter("title", .init(.ne, .value(.null)))) == [.isNotNull])
        #expect(try comparison(filter("title", .init(.in, .list([.null])))) == [.isNull])
        let both = try comparison(
            filter("title", .init(.in, .list([string("a"), .null, string("a"), string("b")]))))
        #expect(both == [.any([.text([97]), .text([98])], orNull: true)])
    }

    @Test func `an empty list matches nothing, and a list of one is that one`() throws {
        let none = try books.selection(
            options { $0.filters = [filter("id", .init(.in, .list([])))] }, at: .root)
        #expect(none.isEmpty)
        #expect(try comparison(filter("id", .init(.in, .list([.integer(1)])))) == [.equal(.integer(1))])
        #expect(try books.selection(options { $0.limit = 0 }, at: .root).isEmpty)
    }

    @Test func `values are brought into the canonical form of their column's type`() throws {
        #expect(
            try comparison(filter("price", .init(.gt, .value(.integer(1))))) == [
                .greater(.text(Array("1.00".utf8)))
            ])
    }

    @Test(arguments: [
        (filter("titel", .init(.eq, .value(.null))), Failure.Code.unknownColumn, "where.titel: ", "'title'"),
        (
            filter("author_id", .init(.eq, .value(.null))), .unknownColumn, "where.author_id: ",
            "shows no column"
        ),
        (filter("price", .init(.eq, .value(string("x")))), .badValue, "where.price: ", "is no value of"),
        (filter("price", .init(.eq, .value(.bool(true)))), .badValue, "where.price: ", "is no value of"),
        (filter("id", .init(.in, .list([string("1a")]))), .badValue, "where.id: ", "1a"),
        (filter("id", .init(.lt, .list([.integer(1)]))), .badRequest, "where.id: ", "not a list"),
        (filter("id", .init(.in, .value(.integer(1)))), .badRequest, "where.id: ", "takes a list"),
        (filter("id", .init(.lt, .value(.null))), .badValue, "where.id: ", "never true"),
        (filter("id", .init(.like, .value(string("1%")))), .badRequest, "where.id: ", "text columns"),
        (filter("title", .init(.like, .value(.integer(1)))), .badValue, "where.title: ", "a string"),
        (filter("doc", .init(.eq, .value(string("{}")))), .badRequest, "where.doc: ", "cannot be filtered"),
        (filter("id"), .badRequest, "where.id: ", "no comparison"),
    ])
    func `an invalid filter is refused with the path to it`(
        filter: FilterInput, code: Failure.Code, path: String, hint: String
    ) throws {
        let failure = #expect(throws: Failure.self) {
            try books.selection(
                options { $0.filters = [filter] }, at: RequestPath.root.member("include").member("x"))
        }
        #expect(failure?.code == code)
        #expect(failure?.message.hasPrefix("include.x." + path) == true, "\(failure?.message ?? "")")
        #expect(failure?.message.contains(hint) == true, "\(failure?.message ?? "")")
    }

    @Test func `the columns to show must be known, different and at least one`() {
        for (columns, code) in [
            ([], Failure.Code.badRequest), (["id", "id"], .badRequest), (["author_id"], .unknownColumn),
        ] {
            let failure = #expect(throws: Failure.self) {
                try books.shown(options { $0.columns = columns }, at: .root)
            }
            #expect(failure?.code == code && failure?.message.hasPrefix("columns: ") == true)
        }
    }

    @Test func `count is allowed beside where only`() throws {
        let counted = options {
            $0.isCount = true
            $0.filters = [filter("id", .init(.eq, .value(.integer(1))))]
        }
        #expect(try books.selection(counted, at: .root).isCount)
        for other: (inout LoadOptions) -> Void in [
            { $0.limit = 1 }, { $0.offset = 1 }, { $0.columns = ["id"] }, { $0.order = [] },
            { $0.includes = [IncludeInput(name: "x", options: LoadOptions())] },
        ] {
            var options = counted
            other(&options)
            #expect(throws: Failure.self) { try books.selection(options, at: .root) }
        }
    }

    @Test func `a to-one relationship takes no limit`() {
        let author = Relationship(
            name: "books.author", kind: .one, parent: .init(table("books", ["id"])),
            key: [column("author_id")],
            matchedColumns: [column("id")], to: table("authors", ["id"]), dialect: .mariaDB)
        #expect(throws: Failure.self) { try author.selection(options { $0.limit = 1 }, at: .root) }
        #expect(throws: Failure.self) { try author.selection(options { $0.offset = 0 }, at: .root) }
    }

    @Test func `by the parent's primary key, the first hop is the parent's own table`() throws {
        let author = Relationship(
            name: "books.author", kind: .one, parent: .init(table("books", ["id", "author_id"])),
            key: [column("author_id")], matchedColumns: [column("id")], to: table("authors", ["id"]),
            dialect: .mariaDB)
        let other = try #require(author.viaParent)
        #expect(other.key.map(\.name) == ["id"] && other.matchedColumns.map(\.name) == ["id"])
        #expect(
            other.hops.map(\.table) == ["books"] && other.hops[0].near.map(\.name) == ["id"]
                && other.hops[0].far.map(\.name) == ["author_id"])
        #expect(other.targets.map(\.name) == ["id"])
        let books = Relationship(
            name: "authors.books", kind: .many, parent: .init(table("authors", ["id"])), key: [column("id")],
            matchedColumns: [column("author_id")], to: table("books", ["id", "author_id"]), dialect: .mariaDB)
        #expect(books.viaParent == books)
    }
}
