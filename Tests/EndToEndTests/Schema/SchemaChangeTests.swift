import MariaDB
import PrivateServer
import TestSupport
import Testing

/// The schema changes while the daemon serves: no reply shows or compares a column as what it was before.
@Suite struct SchemaChangeTests {
    @Test func `new and dropped columns and tables are seen at the next refresh`() throws {
        let shop = try BookshopFixture(settings: "[catalog]\nrefresh_s = 1")
        let database = try shop.server.client(database: shop.database)
        try database.execute("ALTER TABLE authors ADD COLUMN motto VARCHAR(20) DEFAULT 'x'")
        try eventually("the new column is shown") {
            try shop.daemon.ask(#"{"load":"books.author","key":1}"#)["row"]?["motto"] == .string("x")
        }
        // A line that comes again and again is known by heart, and yet read anew for another schema.
        let columns = #"{"load":"books.author","key":1,"columns":["motto"]}"#
        for _ in 0..<4 { #expect(try shop.daemon.ask(columns)["row"]?["motto"] == .string("x")) }
        try database.execute("ALTER TABLE authors DROP COLUMN motto")
        try eventually("the column is unknown") {
            try shop.daemon.ask(columns).errorCode == "unknown_column"
        }
        try database.execute(
            "CREATE TABLE prizes (id INT PRIMARY KEY, author_id INT, FOREIGN KEY (author_id) REFERENCES authors (id))"
        )
        try eventually("the new table is there") {
            try shop.daemon.ask(#"{"load":"authors.prizes","key":1}"#)["rows"] == .array([])
        }
        try database.execute("DROP TABLE prizes")
        try eventually("the table is gone") {
            try shop.daemon.ask(#"{"load":"authors.prizes","key":1}"#).errorCode == "unknown_relationship"
        }
    }

    @Test(arguments: [UInt16(1054), 1146])
    func `a name that stays missing, though the schema has it, is not retryable for ever`(
        errno: UInt16
    ) throws {
        let shop = try ProxiedBookshop(settings: "[catalog]\nrefresh_s = 0")
        let load = #"{"load":"authors.books","key":5}"#
        shop.proxy.inject(.refuse(errno: errno), at: .answer)
        let first = try shop.daemon.ask(load)
        #expect(first.errorCode == "database_unavailable" && first["error"]?["retryable"] == .bool(true))
        try eventually("the error is the server's own") {
            let reply = try shop.daemon.ask(load)
            guard reply.errorCode != "database_unavailable" else { return false }
            #expect(reply["error"]?["mysql_errno"] == .number("\(errno)"), "\(reply)")
            #expect(reply["error"]?["retryable"] == .bool(false), "\(reply)")
            return true
        }
        shop.proxy.passEverything()
        #expect(try shop.daemon.ask(load)["rows"] != nil, "it is asked all the same")
    }

    @Test func `a configured relationship whose column is renamed does not fall back to all columns`() throws
    {
        let settings = """
            [catalog]
            refresh_s = 1
            [relationships."authors.books"]
            from = "authors.id"
            to = "books.author_id"
            kind = "many"
            columns = ["id", "title"]
            """
        let shop = try BookshopFixture(settings: settings)
        let load = #"{"load":"authors.books","key":5}"#
        #expect(try shop.daemon.ask(load)["rows"]?[0]?.members.map(\.name) == ["id", "title"])
        try shop.server.client(database: shop.database).execute(
            "ALTER TABLE books CHANGE title name VARCHAR(120)")
        try eventually("the client is disconnected") {
            let reply = try shop.daemon.ask(load)
            #expect(reply["rows"] == nil || reply["rows"]?[0]?["price"] == nil, "\(reply)")
            return reply.errorCode == "unknown_relationship"
        }
        try shop.daemon.waitForLog("no column 'title' in table 'books'")
    }

    @Test func `a column that changes its type is never shown as its old type`() throws {
        let database = try SharedServer.freshDatabase(named: "alter")
        let server = try SharedServer.server
        let client = try server.client(database: database)
        try client.executeScript(
            """
            CREATE TABLE a (id INT PRIMARY KEY);
            CREATE TABLE b (id INT PRIMARY KEY, a_id INT, code INT, FOREIGN KEY fk (a_id) REFERENCES a (id));
            INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1, 7);
            """)
        let daemon = try DaemonUnderTest(server, database: database, settings: "[catalog]\nrefresh_s = 0")
        let load = #"{"load":"a.b","key":1}"#
        #expect(try daemon.ask(load) == JSONValue(#"{"rows":[{"id":1,"a_id":1,"code":7}]}"#))
        try client.executeScript("ALTER TABLE b MODIFY code VARCHAR(20); UPDATE b SET code = '007';")
        // With refresh_s = 0 the schema is read again only because of the answer itself.
        let new = try JSONValue(#"{"rows":[{"id":1,"a_id":1,"code":"007"}]}"#)
        try eventually("the new type is shown") {
            let reply = try daemon.ask(load)
            #expect(reply == new || reply.errorCode == "database_unavailable", "\(reply)")
            return reply == new
        }
    }

    @Test(arguments: [
        ("TIMESTAMP NULL", "DATETIME", "'2026-06-01 10:00:00'", #""2026-06-01T10:00:00""#),
        ("DATETIME", "TIMESTAMP NULL", "'2026-06-01 10:00:00'", #""2026-06-01T10:00:00Z""#),
        ("DATE", "DATETIME", "'2026-06-01'", #""2026-06-01T00:00:00""#),
        ("VARCHAR(9)", "VARBINARY(9)", "'abc'", #""YWJj""#),
        ("VARBINARY(9)", "VARCHAR(9)", "'abc'", #""abc""#),
    ])
    func `a column that changes to a similar type is never shown as its old type`(
        before: String, after: String, value: String, shown: String
    ) throws {
        let database = try SharedServer.freshDatabase(named: "alike")
        let server = try SharedServer.server
        let client = try server.client(database: database)
        try client.executeScript(
            """
            SET time_zone = '+00:00';
            CREATE TABLE a (id INT PRIMARY KEY);
            CREATE TABLE b (id INT PRIMARY KEY, a_id INT, x \(before), FOREIGN KEY (a_id) REFERENCES a (id));
            INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1, \(value));
            """)
        let daemon = try DaemonUnderTest(server, database: database, settings: "[catalog]\nrefresh_s = 0")
        let load = #"{"load":"a.b","key":1,"columns":["x"]}"#
        #expect(try daemon.ask(load)["rows"] != nil)
        try client.executeScript("ALTER TABLE b MODIFY x \(after)")
        let new = try JSONValue("{\"rows\":[{\"x\":\(shown)}]}")
        try eventually("the new type is shown") {
            let reply = try daemon.ask(load)
            #expect(reply == new || reply.errorCode == "database_unavailable", "\(reply)")
            return reply == new
        }
    }

    @Test func `a key column that changes its type gives no key another key's rows`() throws {
        let database = try SharedServer.freshDatabase(named: "retyped")
        let server = try SharedServer.server
        let client = try server.client(database: database)
        try client.executeScript(
            """
            CREATE TABLE a (id INT PRIMARY KEY);
            CREATE TABLE b (id INT PRIMARY KEY, a_id INT, KEY (a_id));
            INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1);
            """)
        let settings = """
            [catalog]
            refresh_s = 0
            [relationships."a.hidden"]
            from = "a.id"
            to = "b.a_id"
            kind = "many"
            columns = ["id"]
            """
        let daemon = try DaemonUnderTest(server, database: database, settings: settings)
        let (one, two) = (#"{"load":"a.hidden","key":1}"#, #"{"load":"a.hidden","keys":[1,2]}"#)
        #expect(try daemon.ask(one) == JSONValue(#"{"rows":[{"id":1}]}"#))
        // For the server '1abc' = 1 is true.
        try client.executeScript("ALTER TABLE b MODIFY a_id VARCHAR(20); UPDATE b SET a_id = '1abc';")
        #expect(try daemon.ask(one).errorCode == "database_unavailable")
        try eventually("the relationship is gone, for its types do not fit any more") {
            #expect(try daemon.ask(two)["results"] == nil)
            return try daemon.ask(one).errorCode == "unknown_relationship"
        }
    }

    @Test func `a filter on a column that has changed its type is an error, not a wrong answer`() throws {
        let database = try SharedServer.freshDatabase(named: "altered")
        let server = try SharedServer.server
        let client = try server.client(database: database)
        try client.executeScript(
            """
            CREATE TABLE a (id INT PRIMARY KEY); INSERT INTO a VALUES (1), (2);
            CREATE TABLE b (id INT PRIMARY KEY, a_id INT, x INT, FOREIGN KEY (a_id) REFERENCES a (id));
            INSERT INTO b VALUES (1, 1, 1), (2, 1, 2);
            """)
        let loads = [
            #""load":"a.b","key":1,"columns":["id"]"#, #""load":"a.b","keys":[1,2],"columns":["id"]"#,
            #""load":"a.b","keys":[1,2],"columns":["id"],"limit":1"#,
            #""load":"a.b","keys":[1,2],"count":true"#,
        ]
        for load in loads {
            try client.executeScript("UPDATE b SET x = id; ALTER TABLE b MODIFY x INT")
            let line = "{\(load),\"where\":{\"x\":1}}"
            // Each load has a daemon of its own: one that has met the same change before may take it for a
            // fault that lasts.
            let daemon = try DaemonUnderTest(
                server, database: database, settings: "[catalog]\nrefresh_s = 0")
            #expect(try daemon.ask(line)["error"] == nil)
            try client.executeScript("ALTER TABLE b MODIFY x VARCHAR(9); UPDATE b SET x = '1abc'")
            // For the server '1abc' = 1 is true.
            let reply = try daemon.ask(line)
            #expect(
                ["database_unavailable", "bad_value"].contains(reply.errorCode ?? ""), "\(load): \(reply)")
        }
    }
}
