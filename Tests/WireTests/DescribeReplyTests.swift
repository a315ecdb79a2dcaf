import Relations
import Testing
import Wire

struct DescribeReplyTests {
    private let bigint = ColumnType.integer(bits: 64, signed: true, zerofill: false)

    private func column(_ name: String, isNullable: Bool = false) -> Column {
        Column(name: name, type: bigint, declaration: "bigint(20)", isNullable: isNullable)
    }

    private func table(_ name: String, _ columns: [Column]) -> Table {
        Table(name: name, columns: columns, primaryKey: ["id"], uniqueKeys: [["id"]])
    }

    @Test func `a relationship is described with its key, its columns, its order and its includes`() {
        let authors = table("authors", [column("id")])
        let books = table("books", [column("id"), column("-odd", isNullable: true)])
        let written = Relationship(
            name: "authors.books", kind: .many, parent: .init(authors), key: [column("id")],
            matchedColumns: [column("-odd")], to: books,
            order: [OrderTerm(column: "-odd", descending: true), OrderTerm(column: "id", descending: true)],
            dialect: .mariaDB)
        let back = Relationship(
            name: "books.author", kind: .one, parent: .init(books), key: [column("-odd")],
            matchedColumns: [column("id")], to: authors, dialect: .mariaDB)
        let reply = DescribeReply(
            relationships: [written], catalog: Catalog(relationships: [written, back]),
            limits: [("keys", 10_000), ("rows", 5)])
        #expect(
            writtenText { reply.write(RequestID(3), to: &$0) }
                == #"{"id":3,"relationships":[{"name":"authors.books","kind":"many","table":"books","#
                + #""key":[{"column":"id","type":"bigint(20)"}],"parent":[{"column":"id","type":"bigint(20)"}],"#
                + #""columns":[{"column":"id","type":"bigint(20)","nullable":false},"#
                + #"{"column":"-odd","type":"bigint(20)","nullable":true}],"#
                + #""order":[{"column":"-odd","desc":true},"-id"],"through":[],"include":["author"]}],"#
                + #""limits":{"keys":10000,"rows":5}}"# + "\n")
    }
}
