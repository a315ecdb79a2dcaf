import Demo
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Settings of the server that an operator may have made.
@Suite struct DatabaseSettingTests {
    @Test func `a read-only server that closes idle connections after a second is served from`()
        throws
    {
        let shop = try BookshopFixture(try PrivateServer())
        let administrator = try shop.server.client()
        try administrator.executeScript(
            """
            CREATE USER reader@localhost; GRANT SELECT ON shop.* TO reader@localhost;
            SET GLOBAL read_only = 1, GLOBAL wait_timeout = 1;
            """)
        let daemon = try DaemonUnderTest(shop.server, database: "shop", user: "reader")
        let expected = try shop.bookIDs()
        func expectAnswers() throws {
            for id in 1...20 {
                let reply = try daemon.ask(#"{"load":"authors.books","key":\#(id)}"#)
                #expect(reply.rowIDs == expected["\(id)", default: []])
            }
            let reviews = #"{"load":"customers.reviews","keys":["customer1@example.com","x"]}"#
            #expect(try daemon.ask(reviews)["results"]?[0]?.elements.isEmpty == false)
        }
        func connections() throws -> [String?] {
            let sql = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'reader' ORDER BY ID"
            return try administrator.strings(sql).map { $0[0] }
        }
        try eventually("the daemon is connected") { try connections().count == 4 }
        let before = try connections()
        try expectAnswers()
        let idle = try shop.server.client(database: "mysql")
        try eventually("the server has closed another idle connection") {
            try administrator.strings("SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = 'mysql'")
                .isEmpty
        }
        #expect(throws: DatabaseError.self) { try idle.execute("DO 1") }
        try expectAnswers()
        #expect(try connections() == before)
    }

    @Test
    func `init_connect with USE of another database does not change the database that is served`()
        throws
    {
        let shop = try BookshopFixture(try PrivateServer())
        try shop.server.client().executeScript(
            """
            CREATE USER reader@localhost; GRANT SELECT ON *.* TO reader@localhost;
            CREATE DATABASE other; CREATE TABLE other.authors SELECT * FROM shop.authors;
            CREATE TABLE other.books SELECT id, author_id, 'wrong' title FROM shop.books;
            SET GLOBAL init_connect = 'USE other';
            """)
        let daemon = try DaemonUnderTest(shop.server, database: "shop", user: "reader")
        let load = #"{"load":"authors.books","key":1}"#
        #expect(try daemon.ask(load) == shop.daemon.ask(load))
    }

    @Test func `global server variables change no answer and leave no transaction open`() throws {
        let shop = try BookshopFixture(try PrivateServer())
        let administrator = try shop.server.client()
        let expected = try shop.bookIDs()
        try administrator.executeScript(
            """
            CREATE TABLE shop.notes (id INT PRIMARY KEY, author_id INT, body JSON);
            INSERT INTO shop.notes VALUES (1, 1, '{"a":[1]}');
            SET GLOBAL sql_quote_show_create = 0;
            SET GLOBAL sql_select_limit = 3, GLOBAL autocommit = 0, GLOBAL max_join_size = 5,
            GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,NO_ZERO_DATE',
            GLOBAL session_track_system_variables = '*', GLOBAL session_track_state_change = 1,
            GLOBAL collation_server = 'latin1_swedish_ci', GLOBAL time_zone = '+05:00';
            """)
        let notes = """
            [relationships."authors.notes"]
            from = "authors.id"
            to = "notes.author_id"
            kind = "many"
            """
        let daemon = try DaemonUnderTest(shop.server, database: "shop", settings: notes)
        let note = try daemon.ask(#"{"load":"authors.notes","key":1}"#)["rows"]?.elements.first
        #expect(note?["body"]?["a"]?[0] == .number("1"), "a JSON column is one: \(note as Any)")
        let keys = (1...60).map(String.init)
        let reply = try daemon.ask("{\"load\":\"authors.books\",\"keys\":[\(keys.joined(separator: ","))]}")
        let results = try #require(reply["results"]?.elements, "\(reply)")
        for (key, rows) in zip(keys, results) {
            #expect(rows.elements.compactMap { $0["id"]?.number } == expected[key, default: []])
        }
        #expect(try administrator.strings("SELECT 1 FROM information_schema.INNODB_TRX").isEmpty)
        // This would wait for an open transaction that has read the table.
        try administrator.execute("SET lock_wait_timeout = 1")
        try administrator.execute("ALTER TABLE shop.books ADD COLUMN shelf INT")
    }

    @Test func `an account limited to fewer connections than the pool's size is served with those`()
        throws
    {
        let shop = try BookshopFixture(try PrivateServer())
        try shop.server.client().executeScript(
            "CREATE USER few@localhost WITH MAX_USER_CONNECTIONS 2; GRANT SELECT ON shop.* TO few@localhost")
        let daemon = try DaemonUnderTest(shop.server, database: "shop", user: "few")
        let expected = try shop.bookIDs()
        for id in 1...20 {
            let reply = try daemon.ask(#"{"load":"authors.books","key":\#(id)}"#)
            #expect(reply.rowIDs == expected["\(id)", default: []], "\(reply)")
        }
        #expect(try daemon.stat("connections") ?? .max <= 2)
    }

    @Test func `keys that exceed max_allowed_packet are queried in parts`() throws {
        let shop = try BookshopFixture(try PrivateServer())
        try shop.server.client().execute(
            "SET GLOBAL max_allowed_packet = 2048, GLOBAL net_buffer_length = 1024")
        let daemon = try DaemonUnderTest(shop.server, database: "shop")
        try eventually("all connections are up") { try daemon.stat("connections") == 4 }
        let expected = try shop.bookIDs()
        let ids = (1...900).map { $0 * 1001 }
        let keys = ([5] + ids + [6]).map(String.init).joined(separator: ",")
        let client = try daemon.client()
        let reply = try JSONValue(client.ask("{\"load\":\"authors.books\",\"keys\":[\(keys)]}"))
        let results = try #require(reply["results"]?.elements, "\(reply)")
        #expect(results.count == 902)
        #expect(results.first?.elements.compactMap { $0["id"]?.number } == expected["5"])
        #expect(results.last?.elements.compactMap { $0["id"]?.number } == expected["6"])
        let words = (1...300).map { "\"customer\($0)@example.com\"" }.joined(separator: ",")
        let reviews = try JSONValue(client.ask("{\"load\":\"customers.reviews\",\"keys\":[\(words)]}"))
        #expect(reviews["results"]?.elements.count == 300, "\("\(reviews)".prefix(200))")
        let long = String(repeating: "x", count: 4000)
        let refused = try JSONValue(client.ask("{\"load\":\"customers.reviews\",\"key\":\"\(long)\"}"))
        #expect(refused.errorCode == "database_error" && refused["error"]?["mysql_errno"] == .number("1153"))
        #expect(refused["error"]?["retryable"] == .bool(false))
        // In one batch with others, only the long key fails.
        let known = try JSONValue(client.ask("{\"load\":\"customers.reviews\",\"keys\":[\(words)]}"))
        let both =
            [#"{"id":1,"load":"customers.reviews","key":"\#(long)"}"#]
            + (2...20).map {
                #"{"id":\#($0),"load":"customers.reviews","key":"customer\#($0)@example.com"}"#
            }
        for _ in 1...5 {
            try client.send(both.joined(separator: "\n"))
            for _ in 1...20 {
                let reply = try JSONValue(client.receive() ?? "")
                let id = reply["id"]?.number.flatMap { Int($0) } ?? 0
                #expect(reply.errorCode == (id == 1 ? "database_error" : nil), "\(reply)")
                #expect(id == 1 || reply["rows"] == known["results"]?.elements[id - 1])
            }
        }
        try eventually("all connections are up") { try daemon.stat("connections") == 4 }
    }
}
