import Glibc
import LineClient
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// What clients are told of the server and of the version of its schema.
@Suite struct SchemaIdentityTests {
    @Test func `describe says which server and database are read, by the server's own name for itself`()
        throws
    {
        let shop = try BookshopFixture()
        let described = try shop.daemon.ask(#"{"op":"describe","load":"authors.books"}"#)["database"]
        let client = try shop.server.client()
        let variable = client.dialect.serverIDVariable
        #expect(described?["name"]?.text == shop.database)
        #expect(described?["server"]?.text == client.dialect.description)
        #expect(try described?["server_id"]?.text == client.strings("SELECT @@\(variable)")[0][0])
    }

    @Test
    func `the version of the schema changes with the schema, comes back with it, and outlives a restart`()
        throws
    {
        let shop = try BookshopFixture()
        func version() throws -> String? { try shop.daemon.ask(#"{"op":"hello"}"#)["schema_version"]?.text }
        func change(_ sql: String) throws {
            try shop.server.client(database: shop.database).execute(sql)
            shop.daemon.signal(SIGHUP)
        }
        let first = try #require(try version())
        #expect(
            try shop.daemon.ask(#"{"op":"describe","load":"books.author"}"#)["schema_version"]?.text == first)
        try change("ALTER TABLE authors ADD COLUMN shelf_mark INT")
        try eventually("the version is another one") { try version() != first }
        try change("ALTER TABLE authors DROP COLUMN shelf_mark")
        try eventually("the version is the first one") { try version() == first }
        let other = try DaemonUnderTest(shop.server, database: shop.database)
        #expect(try other.ask(#"{"op":"hello"}"#)["schema_version"]?.text == first)
    }
}
