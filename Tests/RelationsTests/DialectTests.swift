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

    @Test(arguments: [
        ("10.11.19-MariaDB-0+deb12u1", "MariaDB 10.11.19"),
        ("10.6.4-MariaDB-log", "MariaDB 10.6.4"), ("MariaDB", "MariaDB 0.0.0"),
        ("11.8.3-MariaDB", "MariaDB 11.8.3"), ("8.0.39", "MySQL 8.0.39"), ("8.4.7-7", "MySQL 8.4.7"),
        ("9.7.4-2", "MySQL 9.7.4"), ("26.10", "MySQL 26.10.0"), ("26.10.1-azure", "MySQL 26.10.1"),
    ]) func `a server is a MariaDB only if it says so, however great the number of its version`(
        _ text: String, _ what: String
    ) {
        #expect(Dialect(serverVersion: text).description == what)
    }

    @Test(arguments: [
        ("10.6.0-MariaDB", true), ("12.3.1-MariaDB", true), ("8.0.22", true),
        ("8.4.0", true), ("9.7.4-2", true), ("26.10", true), ("10.5.29-MariaDB", false),
        ("5.7.44", false), ("8.0.21", false), ("5.5.30", false),
        ("", false),
    ]) func `old servers cannot be used, and those that say no version`(_ text: String, _ isUsed: Bool) {
        #expect((Dialect(serverVersion: text).unsupportedReason == nil) == isUsed)
    }

    @Test func `why a server cannot be used says what it is and what is needed`() {
        #expect(
            Dialect(serverVersion: "10.5.29-MariaDB").unsupportedReason
                == "the server is MariaDB 10.5.29; kindred needs MariaDB 10.6.0 or MySQL 8.0.22, or a later one "
                + "(a proxy says the version it was given)")
        #expect(
            Dialect(serverVersion: "").unsupportedReason?.hasPrefix("the server does not say its version;")
                == true)
    }

    @Test func `a MariaDB and a MySQL are never one dialect`() {
        #expect(Dialect(serverVersion: "10.11.19-MariaDB") != Dialect(serverVersion: "10.11.19"))
        #expect(Dialect(serverVersion: "8.4.7") == Dialect(serverVersion: "9.7.4"))
    }
}
