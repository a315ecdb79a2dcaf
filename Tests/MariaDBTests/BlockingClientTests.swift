import MariaDB
import PrivateServer
import TestSupport
import Testing

@Suite struct BlockingClientTests {
    @Test func `scripts run to the first error and leave the client usable`() throws {
        let database = try SharedServer.freshDatabase(named: "scripts")
        let client = try SharedServer.server.client(database: database)
        try client.executeScript("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (NULL); SELECT 1")
        #expect(try client.strings("SELECT a FROM t") == [["1"], [nil]])
        #expect(client.columns.map(\.name) == ["a"])
        #expect(throws: DatabaseError.self) {
            try client.executeScript("INSERT INTO t VALUES (2); nonsense; DROP TABLE t")
        }
        #expect(try client.rows("SELECT COUNT(*) FROM t") == [[[UInt8(ascii: "3")]]])
        #expect(throws: DatabaseError.self) { try client.execute("SELECT 1; SELECT 2") }
    }

    @Test(arguments: UInt64(0)..<50)
    func `quoted text and bytes come back unchanged`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let client = try SharedServer.server.client()
        let alphabet = Array("a'\"\\\0\n%_ä😀\u{1A}`;-")
        let sample = String((0..<20).map { _ in alphabet.randomElement(using: &generator) ?? "a" })
        let bytes = (0..<20).map { _ in UInt8.random(in: 0...255, using: &generator) }
        if seed.isMultiple(of: 2) { try client.execute("SET sql_mode = 'NO_BACKSLASH_ESCAPES'") }
        let rows = try client.rows("SELECT \(client.quote(sample)), \(client.quote(bytes))")
        #expect(rows == [[Array(sample.utf8), bytes]])
    }

    @Test func `a refused login throws`() throws {
        var endpoint = try SharedServer.server.endpoint()
        endpoint.password = "wrong"
        #expect(throws: DatabaseError.self) { try BlockingClient(endpoint) }
    }

    @Test func `a server's message is one line, and does nothing to a terminal`() throws {
        let client = try SharedServer.server.client()
        let error = #expect(throws: DatabaseError.self) {
            try client.execute("SELECT `red\u{1B}[31m\nno line`")
        }
        #expect(error?.message.contains("[31m no line") == true, "\(String(describing: error))")
    }
}
