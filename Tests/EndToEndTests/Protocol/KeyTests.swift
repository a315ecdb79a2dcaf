import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Keys, limits and timeouts as the protocol defines them.
@Suite struct KeyTests {
    private static let shared = Result { try BookshopFixture() }

    private func ask(_ line: String) throws -> JSONValue { try Self.shared.get().daemon.ask(line) }

    @Test func `a null key and a key that no parent has give an empty result`() throws {
        #expect(try ask(#"{"load":"authors.books","key":null}"#) == JSONValue(#"{"rows":[]}"#))
        #expect(try ask(#"{"load":"books.author","key":null}"#) == JSONValue(#"{"row":null}"#))
        #expect(try ask(#"{"load":"orders.order_lines","key":[2024,null]}"#) == JSONValue(#"{"rows":[]}"#))
        #expect(try ask(#"{"load":"authors.books","key":-5}"#) == JSONValue(#"{"rows":[]}"#))
        #expect(try ask(#"{"load":"books.author","key":99999}"#) == JSONValue(#"{"row":null}"#))
    }

    @Test func `a composite key with a null part is still checked for the type of its other parts`() throws {
        #expect(try ask(#"{"load":"orders.order_lines","key":[null,"x"]}"#).errorCode == "bad_key")
    }

    @Test func `each of keys has one result in its place, also one that is given twice`() throws {
        let single = try ["7", "8"].map {
            try ask(#"{"load":"authors.books","key":\#($0)}"#)["rows"] ?? .null
        }
        let reply = try ask(#"{"id":3,"load":"authors.books","keys":[7,8,7,null,99999]}"#)
        #expect(reply["results"] == .array([single[0], single[1], single[0], .array([]), .array([])]))
        #expect(try ask(#"{"load":"authors.books","keys":[]}"#) == JSONValue(#"{"results":[]}"#))
    }

    @Test func `a bad key among keys fails alone`() throws {
        let reply = try ask(#"{"id":3,"load":"books.author","keys":[1,"1abc",2]}"#)
        #expect(reply["results"]?[1] == .null)
        #expect(reply["results"]?[0]?["id"] != nil)
        #expect(reply["results"]?[2]?["id"] != nil)
        #expect(reply["errors"]?["1"]?["code"] == .string("bad_key"))
        #expect(reply["errors"]?.members.count == 1)
        #expect(reply["error"] == nil)
    }

    @Test(arguments: [
        #""1abc""#, "4294967296", "1.5", "true", "{}", "[1]", #""042""#, #""+42""#, "42.0", "1e1", #""""#,
        #"" 1""#,
    ])
    func `a key of an integer column that is no integer is bad_key`(key: String) throws {
        #expect(try ask(#"{"id":1,"load":"authors.books","key":\#(key)}"#).errorCode == "bad_key")
    }

    @Test func `an integer key may be a string of digits, and a text key may not be a number`() throws {
        #expect(try ask(#"{"load":"books.author","key":"3"}"#)["row"]?["id"] == .number("3"))
        #expect(try ask(#"{"load":"customers.reviews","key":1}"#).errorCode == "bad_key")
    }

    @Test(arguments: ["[2024]", "[2024,17,1]", "2024", "[]", "[[2024,17]]"])
    func `a composite key with too few or too many parts is bad_key`(key: String) throws {
        #expect(try ask(#"{"load":"orders.order_lines","key":\#(key)}"#).errorCode == "bad_key")
    }

    @Test func `more keys than limits.request_keys are refused`() throws {
        let keys = (0...10_000).map { "\($0)" }.joined(separator: ",")
        let reply = try ask(#"{"id":1,"load":"authors.books","keys":[\#(keys)]}"#)
        #expect(reply.errorCode == "too_many_keys")
        #expect(reply.errorMessage.contains("10000"))
    }

    @Test func `a text key outside the column's character set equals nothing and fails no other key`() throws
    {
        let database = try SharedServer.freshDatabase(named: "poison")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            CREATE TABLE word (w VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY);
            CREATE TABLE used (id INT PRIMARY KEY, word VARCHAR(20) CHARACTER SET latin1, FOREIGN KEY (word) REFERENCES word (w));
            INSERT INTO word VALUES ('a'), ('?'); INSERT INTO used VALUES (1, 'a'), (2, '?');
            """)
        let daemon = try DaemonUnderTest(server, database: database)
        let client = try daemon.client()
        let keys = ["a", "日", "?", "😀"]
        let lines = keys.enumerated().map { #"{"id":\#($0),"load":"word.used","key":"\#($1)"}"# + "\n" }
        try client.send(Array(lines.joined().utf8))
        var found: [String: [String]] = [:]
        for _ in keys {
            let reply = try JSONValue(client.ask())
            found[reply["id"]?.number ?? ""] = reply.rowIDs ?? ["\(reply)"]
        }
        #expect(!daemon.hasExited)
        #expect(found == ["0": ["1"], "1": [], "2": ["2"], "3": []])
    }

    @Test
    func `a load that waits for a locked table ends at its timeout_ms, and one without it after the lock`()
        throws
    {
        let shop = try BookshopFixture()
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        try client.send(#"{"id":1,"load":"authors.books","key":1,"timeout_ms":50}"#)
        try client.send(#"{"id":2,"load":"authors.books","key":2}"#)
        let first = try JSONValue(client.ask())
        #expect(first["id"] == .number("1"))
        #expect(first.errorCode == "timeout")
        #expect(first["error"]?["retryable"] == .bool(true))
        #expect(try client.ask(#"{"id":3,"op":"ping"}"#) == #"{"id":3,"pong":true}"#)
        try holder.execute("UNLOCK TABLES")
        let second = try JSONValue(client.ask())
        #expect(second["id"] == .number("2"))
        #expect(second.rowIDs != nil)
    }

    @Test func `limits in the configuration file are enforced`() throws {
        let limits = "[limits]\nline_bytes = 4096\nrequest_keys = 3\nreply_bytes = 1024"
        let daemon = try BookshopFixture(settings: limits).daemon
        let client = try daemon.client()
        let keys = try JSONValue(client.ask(#"{"load":"books.author","keys":[1,2,3,4]}"#))
        #expect(keys.errorCode == "too_many_keys")
        #expect(
            try JSONValue(client.ask(String(repeating: " ", count: 5000) + "{}")).errorCode == "line_too_long"
        )
        let big = try JSONValue(client.ask(#"{"id":1,"load":"tags.books","key":1}"#))
        #expect(big.errorCode == "result_too_large")
        #expect(big.errorMessage.contains("1024"))
        #expect(try client.ask(#"{"id":2,"load":"books.author","key":1}"#).contains(#""row":{"#))
    }
}
