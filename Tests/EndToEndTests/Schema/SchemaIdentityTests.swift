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

    @Test
    func `a load for the version of another database or schema is refused, and one for this is answered`()
        throws
    {
        let shop = try BookshopFixture()
        func version(_ daemon: DaemonUnderTest) throws -> String {
            let told = try #require(try daemon.ask(#"{"op":"hello"}"#)["source_version"]?.text)
            #expect(
                try daemon.ask(#"{"op":"describe","load":"books.author"}"#)["source_version"]?.text == told)
            return told
        }
        func load(_ daemon: DaemonUnderTest, _ version: String) throws -> String? {
            let options = #""columns":["id"],"source_version":"\#(version)""#
            let reply = try daemon.ask(#"{"load":"books.author","keys":[42],\#(options)}"#)
            return reply["results"] != nil ? "answered" : reply["error"]?["code"]?.text
        }
        let first = try version(shop.daemon)
        #expect(try load(shop.daemon, first) == "answered")
        let copy = try SharedServer.freshDatabase(named: "identity")
        let client = try shop.server.client(database: copy)
        try client.execute("SET foreign_key_checks = 0")
        for table in try client.strings("SHOW TABLES FROM \(shop.database)").compactMap({ $0[0] }) {
            let create = try client.strings("SHOW CREATE TABLE \(shop.database).`\(table)`")
            try client.execute(try #require(create[0][1]))
        }
        let other = try DaemonUnderTest(shop.server, database: copy)
        #expect(try load(other, first) == "source_changed")
        #expect(try load(other, try version(other)) == "answered")
        try shop.server.client(database: shop.database).execute("ALTER TABLE tags ADD COLUMN shelf_mark INT")
        shop.daemon.signal(SIGHUP)
        try eventually("the load for the former schema is refused") {
            try load(shop.daemon, first) == "source_changed"
        }
        #expect(try load(shop.daemon, try version(shop.daemon)) == "answered")
    }
}
