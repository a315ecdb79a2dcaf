import Glibc
import LineClient
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// What clients are told of the server and of the version of its schema.
@Suite struct SchemaIdentityTests {
    @Test func `describe says which server and database are read`() throws {
        let shop = try BookshopFixture()
        let described = try shop.daemon.ask(#"{"op":"describe","load":"authors.books"}"#)["database"]
        let client = try shop.server.client()
        #expect(described?["name"]?.text == shop.database)
        #expect(described?["server"]?.text == client.dialect.description)
        let id = try #require(try id(client))
        #expect(described?["server_id"]?.text == id)
        // Its socket is elsewhere, and its network address and port are the same.
        let other = try PrivateServer()
        #expect(try self.id(other.client()) != id)
    }

    private func id(_ client: BlockingClient) throws -> String? {
        try client.strings(client.dialect.serverIDQuery)[0][0]
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
