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
        let catalog = Catalog(relationships: [written, back])
        let source = CatalogSource(
            database: "shop", server: "MariaDB 10.11.19", serverID: "u1", catalog: catalog)
        let reply = DescribeReply(
            relationships: [written], catalog: catalog, source: source,
            limits: [("keys", 10_000), ("rows", 5)])
        let expected = [
            #"{"id":3,"relationships":[{"name":"authors.books","kind":"many","table":"books","#,
            #""key":[{"column":"id","type":"bigint(20)"}],"parent":[{"column":"id","type":"bigint(20)"}],"#,
            #""columns":[{"column":"id","type":"bigint(20)","nullable":false},"#,
            #"{"column":"-odd","type":"bigint(20)","nullable":true}],"#,
            #""order":[{"column":"-odd","desc":true},"-id"],"through":[],"include":["author"],"#,
            #""from":{"table":"authors","columns":["id"]},"hops":[],"to":["-odd"],"fixed":[],"#,
            #""distinct":false,"primary_key":["id"]}],"#,
            #""database":{"name":"shop","server":"MariaDB 10.11.19","server_id":"u1"},"#,
            #""schema_version":"\#(source.schemaVersion.hexadecimal)","#,
            #""source_version":"\#(source.version.hexadecimal)","#,
            #""limits":{"keys":10000,"rows":5}}"#,
        ].joined()
        #expect(writtenText { reply.write(RequestID(3), to: &$0) } == expected + "\n")
    }

    @Test func `hops, fixed conditions and collations are described as a request would write them`() {
        let text = ColumnType.text(length: 9, charset: "utf8mb4", collation: "utf8mb4_bin")
        let kind = Column(name: "kind", type: text, declaration: "varchar(9)", isNullable: true)
        let links = table("links", [column("id"), column("book_id"), column("tag_id"), kind])
        let conditions: [(Int?, Comparison)] = [
            (0, .equal(.text(Array("b\"k".utf8)))), (0, .isNotNull),
            (nil, .any([.integer(-1), .unsigned(.max)], orNull: true)),
            (nil, .greaterOrEqual(.bytes([0xDE, 0xAD]))), (nil, .isNull),
        ]
        let tagged = Relationship(
            name: "books.tags", kind: .many, parent: .init(table("books", [column("id")])),
            key: [column("id")],
            matchedColumns: [column("book_id")],
            through: .init(
                [Hop(table: "links", near: [column("book_id")], far: [column("tag_id")])], tables: [links],
                targets: [column("id")], isDistinct: true),
            fixed: conditions.map { FixedCondition(hop: $0.0, condition: Condition(kind, $0.1)) },
            to: table("tags", [column("id"), kind]), dialect: .mySQL)
        let reply = DescribeReply(
            relationships: [tagged], catalog: Catalog(relationships: [tagged]), source: nil, limits: [])
        let line = writtenText { reply.write(nil, to: &$0) }
        #expect(
            line.contains(#"{"column":"kind","type":"varchar(9)","collation":"utf8mb4_bin","nullable":true}"#)
        )
        let expected = [
            #""from":{"table":"books","columns":["id"]},"#,
            #""hops":[{"table":"links","near":["book_id"],"far":["tag_id"]}],"to":["id"],"#,
            #""fixed":[{"hop":0,"where":{"kind":"b\"k"}},{"hop":0,"where":{"kind":{"ne":null}}},"#,
            #"{"where":{"kind":[-1,18446744073709551615,null]}},{"where":{"kind":{"gte":"3q0="}}},"#,
            #"{"where":{"kind":null}}],"distinct":true,"primary_key":["id"]}],"limits":{}}"#,
        ].joined()
        #expect(line.hasSuffix(expected + "\n"))
    }

    @Test
    func `the version of the schema is another with each relationship, the source's also with the database`()
    {
        func source(
            _ columns: [Column], database: String = "shop", server: String = "MySQL 9.7.4", id: String? = nil
        ) -> CatalogSource {
            let authors = table("authors", [column("id")])
            let relationship = Relationship(
                name: "authors.books", kind: .many, parent: .init(authors), key: [column("id")],
                matchedColumns: [column("author_id")], to: table("books", columns), dialect: .mySQL)
            return CatalogSource(
                database: database, server: server, serverID: id,
                catalog: Catalog(relationships: [relationship]))
        }
        let columns = [column("id"), column("author_id")]
        let first = source(columns)
        // It is the same in every process and on every machine.
        #expect(first.schemaVersion.hexadecimal == "6b6b49d8e4d75c01")
        #expect(source(columns, server: "MySQL 9.7.5").version == first.version)
        for elsewhere in [source(columns, database: "other"), source(columns, id: "u2")] {
            #expect(elsewhere.schemaVersion == first.schemaVersion)
            #expect(elsewhere.version != first.version)
        }
        let nullable = source([column("id"), column("author_id", isNullable: true)])
        for changed in [source(columns.reversed()), nullable] {
            #expect(changed.schemaVersion != first.schemaVersion)
            #expect(changed.version != first.version)
        }
    }
}
