import Relations
import Testing

@Suite struct DialectTests {
    private let dialect = Dialect(serverVersion: "11.8.3-MariaDB")

    /// Authors have books, and books have tags by way of a join table.
    private var schema: Schema {
        let tables = [
            table("authors", ["id"]), table("books", ["id", "author_id"]), table("tags", ["id"]),
            table("book_tags", ["book_id", "tag_id"], key: ["book_id", "tag_id"]),
        ]
        let keys = [
            foreignKey("books", ["author_id"], "authors"), foreignKey("book_tags", ["book_id"], "books"),
            foreignKey("book_tags", ["tag_id"], "tags"),
        ]
        return Schema(database: "shop", tables: tables, foreignKeys: keys, dialect: dialect)
    }

    @Test func `every relationship has the dialect of its schema's server`() {
        let explicit = ExplicitRelationship(
            name: "tags.authors", from: .init(table: "tags", columns: ["id"]),
            to: .init(table: "authors", columns: ["id"]), kind: .many, line: 1)
        let (catalog, faults, _) = CatalogBuilder(schema).build(discover: true, explicit: [explicit])
        #expect(faults.isEmpty)
        #expect(catalog.relationships.count == 9)
        for relationship in catalog.relationships {
            #expect(relationship.dialect.version == dialect.version, "\(relationship.name)")
            #expect(relationship.viaParent?.dialect.version ?? dialect.version == dialect.version)
        }
    }

    @Test func `two versions that understand the same SQL are one dialect`() {
        let older = Dialect(serverVersion: "10.11.18-MariaDB")
        let newer = Dialect(serverVersion: "10.11.19-MariaDB")
        #expect(older == newer && older.version != newer.version)
    }

    @Test(arguments: [
        ("10.11.19-MariaDB-0+deb12u1", "10.11.19"), ("11.8.3-MariaDB-log", "11.8.3"), ("9.7", "9.7.0"),
        ("", "0.0.0"), ("unknown", "0.0.0"),
    ]) func `the version is its first three numbers`(_ text: String, _ version: String) {
        #expect(Dialect(serverVersion: text).version.description == version)
    }
}
