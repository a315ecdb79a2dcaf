import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// How many queries loads with options take, and that answers stay right with many rows and keys. Each test
/// has its own daemon, because it counts queries.
@Suite struct QuerySharingTests {
    private static let script = """
        CREATE TABLE parents (id INT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL UNIQUE);
        CREATE TABLE kids (id INT PRIMARY KEY, parent_id INT NOT NULL, age INT NOT NULL, note VARCHAR(20) NOT NULL,
          FOREIGN KEY (parent_id) REFERENCES parents (id));
        CREATE TABLE toys (id INT PRIMARY KEY, kid_id INT NOT NULL, FOREIGN KEY (kid_id) REFERENCES kids (id));
        CREATE TABLE named (id INT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_general_ci, FOREIGN KEY (name) REFERENCES parents (name));
        INSERT INTO parents SELECT seq, CONCAT('Parent', seq) FROM \(numbers(to: 3000));
        INSERT INTO kids SELECT seq, 1 + seq % 1202, seq % 7, CONCAT('n', seq) FROM \(numbers(to: 2404));
        INSERT INTO toys SELECT seq, 1 + seq % 300 FROM \(numbers(to: 900));
        INSERT INTO named SELECT seq, UPPER(CONCAT('parent', seq)) FROM \(numbers(to: 3000));
        """

    private func makeDaemon(_ settings: String = "") throws -> DaemonUnderTest {
        let database = try SharedServer.freshDatabase(named: "gather")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(Self.script)
        return try DaemonUnderTest(server, database: database, settings: settings)
    }

    private func queries(_ daemon: DaemonUnderTest) throws -> Int {
        try daemon.ask(#"{"op":"stats"}"#)["stats"]?["queries"]?.number.flatMap { Int($0) } ?? -1
    }

    /// Sends requests in one write, so that they are read in one turn of the loop. Returns the replies in the
    /// order of the requests, and the number of queries.
    private func send(_ daemon: DaemonUnderTest, _ lines: [String]) throws -> (
        replies: [JSONValue], queries: Int
    ) {
        let before = try queries(daemon)
        let client = try daemon.client()
        try client.send(
            Array(lines.enumerated().map { "{\"id\":\($0),\($1)}\n" }.joined().utf8))
        var replies = lines.map { _ in JSONValue.null }
        for _ in lines {
            let reply = try JSONValue(client.receive() ?? "null")
            let id = try #require(reply["id"]?.number.flatMap { Int($0) })
            replies[id] = reply
        }
        return (replies, try queries(daemon) - before)
    }

    @Test func `loads with the same filter, order and limit share a query, whatever columns they show`()
        throws
    {
        let options = #""where":{"age":{"gte":3},"note":{"ne":"x"}},"order":["-age"],"limit":1"#
        let turned = #""limit":1,"where":{"note":{"ne":"x"},"age":{"gte":3}},"order":["-age"]"#
        let (replies, queries) = try send(
            makeDaemon(),
            [
                "\"load\":\"parents.kids\",\"key\":2,\"columns\":[\"id\"],\(options)",
                "\"load\":\"parents.kids\",\"key\":2,\"columns\":[\"note\",\"age\"],\(turned)",
                "\"load\":\"parents.kids\",\"key\":3,\(options)",
            ])
        #expect(queries == 1)
        #expect(replies[0]["rows"] == (try JSONValue(#"[{"id":1203}]"#)))
        #expect(replies[1]["rows"] == (try JSONValue(#"[{"note":"n1203","age":6}]"#)))
        #expect(replies[2]["rows"] == .array([]))
    }

    @Test func `loads with different filters, orders or limits never share a query`() throws {
        let (replies, queries) = try send(
            makeDaemon(),
            [
                #""load":"parents.kids","key":2,"columns":["id"]"#,
                #""load":"parents.kids","key":2,"count":true"#,
                #""load":"parents.kids","key":2,"columns":["id"],"limit":1"#,
                #""load":"parents.kids","key":2,"columns":["id"],"limit":1,"offset":1"#,
                #""load":"parents.kids","key":2,"columns":["id"],"where":{"age":6}"#,
                #""load":"parents.kids","key":2,"columns":["id"],"order":["-id"]"#,
            ])
        #expect(queries == 6)
        let ids = replies.map { $0["rows"]?.elements.compactMap { $0["id"]?.number } }
        #expect(ids == [["1", "1203"], nil, ["1"], ["1203"], ["1203"], ["1203", "1"]])
        #expect(replies[1]["count"] == .number("2"))
    }

    @Test func `an include takes one query a level, and levels of different loads share it`() throws {
        let daemon = try makeDaemon()
        let include = #""include":{"kids":{"columns":["id"],"include":{"toys":{"columns":["id"]}}}}"#
        let keys = (1...20).map { "\"PARENT\($0)\"" }.joined(separator: ",")
        let (replies, queries) = try send(
            daemon,
            [
                "\"load\":\"named.name_parents\",\"keys\":[\(keys)],\"columns\":[\"id\"],\(include)",
                #""load":"parents.kids","keys":[2,3],"columns":["id"],"include":{"toys":{"columns":["id"]}}"#,
            ])
        #expect(queries <= 5, "3 levels of one load and 2 of the other")
        let first = replies[0]["results"]?[1]
        #expect(first?["id"] == .number("2"))
        #expect(first?["kids"]?.elements.map { $0["id"] } == [.number("1"), .number("1203")])
        #expect(
            first?["kids"]?[0]?["toys"]?.elements.compactMap { $0["id"]?.number } == ["300", "600", "900"])
        #expect(replies[1]["results"]?[0]?[0]?["toys"] == first?["kids"]?[0]?["toys"])
        let toys = #""columns":["id"],"include":{"toys":{"columns":["id"]}}"#
        let (_, shared) = try send(daemon, [2, 3].map { "\"load\":\"parents.kids\",\"key\":\($0),\(toys)" })
        #expect(shared == 2, "one for the kids of both, one for the toys of all of them")
    }

    @Test func `no query is sent for an answer that must be empty`() throws {
        let (replies, queries) = try send(
            makeDaemon(),
            [
                #""load":"kids.parent","keys":[null,null]"#, #""load":"parents.kids","keys":[1,2],"limit":0"#,
                #""load":"parents.kids","key":1,"where":{"id":[]}"#,
                #""load":"parents.kids","keys":[],"include":{"toys":{}}"#,
            ])
        #expect(queries == 0)
        #expect(replies.allSatisfy { $0["error"] == nil })
        let empty = try send(
            makeDaemon(), [#""load":"parents.kids","key":2999,"include":{"toys":{"include":{"kid":{}}}}"#])
        #expect(empty.queries == 1)
        #expect(empty.replies[0]["rows"] == .array([]))
    }

    @Test func `every parent's rows are right, whatever batching.max_keys is`() throws {
        let keys = (1...1202).map { "\($0)" }.joined(separator: ",")
        var first: JSONValue?
        for chunk in [47, 50, 99, 500, 900] {
            let daemon = try makeDaemon("[batching]\nmax_keys = \(chunk)")
            for option in [#","order":["-age"]"#, #","order":["-age"],"limit":2"#] {
                let reply = try daemon.ask(
                    "{\"load\":\"parents.kids\",\"keys\":[\(keys)],\"columns\":[\"id\"]\(option)}")
                #expect(reply["results"]?.elements.count == 1202)
                #expect(reply["results"]?.elements.allSatisfy { $0.elements.count == 2 } == true)
                first = first ?? reply
                #expect(reply == first, "chunk \(chunk)")
            }
        }
    }

    @Test(arguments: [999, 1000, 1001, 3000])
    func `a thousand keys and more have their rows (laravel #41290, prisma #14019)`(count: Int) throws {
        let daemon = try makeDaemon("[batching]\nmax_keys = 900")
        let numbers = (1...count).map { "\($0)" }
        let byNumber = try daemon.ask(
            "{\"load\":\"kids.parent\",\"keys\":[\(numbers.joined(separator: ","))],\"columns\":[\"id\"]}")
        #expect(byNumber["results"]?.elements.map { $0["id"]?.number } == numbers)
        let names = numbers.map { "\"pArEnT\($0)\"" }.joined(separator: ",")
        let byName = try daemon.ask("{\"load\":\"parents.named\",\"keys\":[\(names)],\"columns\":[\"id\"]}")
        #expect(byName["results"]?.elements.map { $0[0]?["id"]?.number } == numbers)
    }

    @Test func `more keys than a prepared statement may have placeholders are answered (laravel #46667)`()
        throws
    {
        let daemon = try makeDaemon("[limits]\nrequest_keys = 70000")
        let keys = (0..<65_536).map { "\($0 % 3100)" }.joined(separator: ",")
        let reply = try daemon.ask("{\"load\":\"parents.kids\",\"keys\":[\(keys)],\"count\":true}")
        let counts = reply["counts"]?.elements.compactMap { $0.number } ?? []
        #expect(counts.count == 65_536)
        #expect(counts.filter { $0 == "2" }.count == (0..<65_536).count { (1...1202).contains($0 % 3100) })
    }

    @Test func `a parent with 50,000 rows among small ones has all of them (prisma #19901)`() throws {
        let database = try SharedServer.freshDatabase(named: "huge")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            Self.script
                + "INSERT INTO kids SELECT 10000 + seq, 3000, 1, 'many' FROM \(numbers(to: 50_000));")
        let daemon = try DaemonUnderTest(server, database: database)
        let keys = (1...99).map { "\($0)" }.joined(separator: ",")
        let reply = try daemon.ask(
            "{\"load\":\"parents.kids\",\"keys\":[\(keys),3000],\"columns\":[\"id\"]}"
        )
        let results = reply["results"]?.elements ?? []
        #expect(results.count == 100)
        #expect(results.dropLast().allSatisfy { $0.elements.count == 2 })
        #expect(results.last?.elements.count == 50_000)
    }

    @Test func `rows that are not committed are not seen`() throws {
        let database = try SharedServer.freshDatabase(named: "uncommitted")
        let server = try SharedServer.server
        let writer = try server.client(database: database)
        try writer.executeScript(Self.script)
        let daemon = try DaemonUnderTest(server, database: database)
        try writer.executeScript("BEGIN; INSERT INTO kids VALUES (9999, 2999, 1, 'new')")
        let load = #"{"load":"parents.kids","key":2999,"count":true}"#
        #expect(try daemon.ask(load)["count"] == .number("0"))
        try writer.execute("COMMIT")
        #expect(try daemon.ask(load)["count"] == .number("1"))
    }

    @Test func `more rows than limits.request_rows are refused with the path of the include that has them`()
        throws
    {
        let daemon = try makeDaemon("[limits]\nrequest_rows = 9\ninclude_depth = 2")
        #expect(
            try daemon.ask(#"{"load":"parents.kids","keys":[1,2,3],"columns":["id"]}"#)["results"]?.elements
                .count == 3)
        let plain = try daemon.ask(#"{"load":"parents.kids","keys":[1,2,3,4,5,6]}"#)
        #expect(plain.errorCode == "result_too_large")
        let nested = try daemon.ask(#"{"load":"parents.kids","keys":[2,3],"include":{"toys":{}}}"#)
        #expect(nested.errorCode == "result_too_large")
        #expect(
            nested.errorMessage.hasPrefix("include.toys: ") && nested.errorMessage.contains("request_rows"))
        let deep = try daemon.ask(
            #"{"load":"parents.kids","key":1,"include":{"toys":{"include":{"kid":{"include":{}}}}}}"#)
        #expect(deep.errorCode == "bad_request")
        #expect(deep.errorMessage.hasPrefix("include.toys.include.kid.include: "))
    }

    @Test
    func `stats have each relationship's keys, queries and batching settings, and the sizes of batches`()
        throws
    {
        let daemon = try makeDaemon(
            """
            [batching."parents.kids"]
            window_ms = 2.5
            max_keys = 2
            priority = 3
            """)
        _ = try send(
            daemon,
            [
                #""load":"parents.kids","keys":[2,3,2]"#, #""load":"parents.kids","keys":[4],"limit":1"#,
                #""load":"toys.kid","key":1"#,
            ])
        let stats = try #require(try daemon.ask(#"{"op":"stats"}"#)["stats"])
        let expected = try JSONValue(
            """
            {"parents.kids":{"keys_asked":4,"keys_sent":3,"queries":2,"rows":5,"window_us":2500,"max_keys":2,"priority":3},
            "toys.kid":{"keys_asked":1,"keys_sent":1,"queries":1,"rows":1,"window_us":1000,"max_keys":500,"priority":0}}
            """)
        #expect(stats["by_relationship"] == expected)
        #expect(stats["batch_sizes"] == (try JSONValue(#"{"1":2,"2":1}"#)))
    }
}
