import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// What must hold when there is too much, or when things change underfoot.
@Suite struct PressureTests {
    @Test func `lines that stood behind too many replies are answered without anybody else's help`() throws {
        // Without refreshes, nothing else wakes the daemon.
        let shop = try BookshopFixture(settings: "[catalog]\nrefresh_s = 0")
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        // Few enough for all to be sent: a Unix socket takes more only when three quarters of its buffer are free.
        let count = 4400
        let lines = (0..<count).map { #"{"id":\#($0),"load":"authors.books","key":-5}"# + "\n" }
        try client.send(Array(lines.joined().utf8))
        try eventually("as many requests wait as may") {
            try shop.daemon.ask(#"{"op":"stats"}"#)["stats"]?["waiting_requests"] == .number("4096")
        }
        try holder.execute("UNLOCK TABLES")
        var ids: Set<String> = []
        for _ in 0..<count { ids.insert(try JSONValue(client.receive() ?? "null")["id"]?.number ?? "") }
        #expect(ids.count == count)
    }

    @Test func `hundreds of column lists at one time are each answered as asked, by queries of a few dozen`()
        throws
    {
        // One query at a time, so that all wait for the first.
        let shop = try BookshopFixture(settings: "[batching]\nmode = \"frugal\"")
        let columns = ["id", "author_id", "title", "price", "published", "sold", "isbn"]
        let lists = (0..<300).map { number in
            let (first, rest) = (number % 7, number / 7)
            let others = columns.filter { $0 != columns[first] }
            return [columns[first], others[rest % 6]]
                + others.filter { $0 != others[rest % 6] }.suffix(1 + rest / 6 % 5)
        }
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        let lines = lists.enumerated().map { number, list in
            let names = list.map { "\"\($0)\"" }.joined(separator: ",")
            return
                "{\"id\":\(number),\"load\":\"authors.books\",\"key\":\(number % 50 + 1),\"columns\":[\(names)]}\n"
        }
        try client.send(#"{"id":"first","load":"authors.books","key":1}"#)
        try eventually("it waits") { try shop.daemon.stat("in_flight") == 1 }
        try client.send(Array(lines.joined().utf8))
        try eventually("all wait") { try shop.daemon.stat("waiting_requests") == 301 }
        try holder.execute("UNLOCK TABLES")
        let replies = try (0...300).map { _ in try JSONValue(client.receive() ?? "null") }
        // 64 lists at most in each.
        #expect(try shop.daemon.stat("queries") ?? 0 >= 1 + 5)
        for reply in replies {
            guard let number = reply["id"]?.number.flatMap(Int.init) else { continue }
            let whole = try shop.daemon.ask("{\"load\":\"authors.books\",\"key\":\(number % 50 + 1)}")
            let expected = whole["rows"]?.elements.map { row in lists[number].map { row[$0] } }
            let rows = reply["rows"]?.elements.map { row in lists[number].map { row[$0] } }
            #expect(rows == expected, "\(lists[number])")
            #expect(reply["rows"]?.elements.allSatisfy { $0.members.map(\.name) == lists[number] } == true)
        }
    }

    @Test func `keys beyond the bound are refused as overloaded, and later ones are not`() throws {
        let shop = try BookshopFixture(settings: "[batching]\nmax_queued_keys = 3")
        let refused = try shop.daemon.ask(#"{"load":"books.author","keys":[1,1,1,1]}"#)
        #expect(refused.errorCode == "overloaded")
        #expect(refused["error"]?["retryable"] == .bool(true))
        #expect(
            try shop.daemon.ask(#"{"load":"books.author","keys":[1,1,1]}"#)["results"]?.elements.count == 3)
    }

    @Test func `keys of one client beyond its bound are refused, and those of others are not`() throws {
        let shop = try BookshopFixture(settings: "[batching]\nmax_client_keys = 3")
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let greedy = try shop.daemon.client()
        try greedy.send(#"{"id":1,"load":"authors.books","keys":[1,2,3]}"#)
        try eventually("it waits") { try shop.daemon.stat("waiting_requests") == 1 }
        let refused = try JSONValue(greedy.ask(#"{"id":2,"load":"authors.books","key":4}"#))
        #expect(refused.errorCode == "overloaded" && refused["id"] == .number("2"))
        let other = try shop.daemon.client()
        try other.send(#"{"id":3,"load":"authors.books","keys":[1,2,3]}"#)
        try eventually("it waits") { try shop.daemon.stat("waiting_requests") == 2 }
        try holder.execute("UNLOCK TABLES")
        #expect(try JSONValue(greedy.receive() ?? "")["results"]?.elements.count == 3)
        #expect(try JSONValue(other.receive() ?? "")["results"]?.elements.count == 3)
        #expect(try JSONValue(greedy.ask(#"{"id":4,"load":"authors.books","key":4}"#)).errorCode == nil)
    }

    @Test func `a line that does not end in time ends the connection, however many bytes still come`() throws
    {
        let shop = try BookshopFixture(settings: "[limits]\nline_timeout_s = 1")
        let idle = try shop.daemon.client()
        let slow = try shop.daemon.client()
        try slow.send(Array((#"{"id":1,"load":"books.author","key":1}"# + "\n" + #"{"id":2,"#).utf8))
        #expect(try JSONValue(slow.receive() ?? "")["row"] != nil)
        try eventually("its line is given up") {
            do { try slow.send([0x20]) } catch { return true }
            return try shop.daemon.stat("sessions") == 2
        }
        let last = try JSONValue(slow.receive() ?? "")
        #expect(last.errorCode == "timeout" && last["id"] == nil, "\(last)")
        #expect(try slow.receive() == nil)
        #expect(try JSONValue(idle.ask(#"{"op":"ping"}"#))["pong"] == .bool(true), "no line, no limit")
    }

    @Test func `a configured relationship that the schema breaks does not fall back to all columns`() throws {
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
        try eventually("it is gone") {
            let reply = try shop.daemon.ask(load)
            #expect(reply["rows"] == nil || reply["rows"]?[0]?["price"] == nil, "\(reply)")
            return reply.errorCode == "unknown_relationship"
        }
        try shop.daemon.waitForLog("no column 'title' in table 'books'")
    }

    @Test func `a column that changes its type is never shown or compared as what it was`() throws {
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
        // Nobody looks at the schema but because of the answer itself.
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
    func `a column that changes to a type alike is never shown as what it was`(
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

    @Test func `clients that wait for very many keys have all their answers when the database is lost`()
        throws
    {
        let shop = try BookshopFixture(try PrivateServer())
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let clients = try (1...4).map { _ in try shop.daemon.client() }
        let leaving = try shop.daemon.client()
        for (number, client) in (clients + [leaving]).enumerated() {
            for part in 1...10 {
                let first = (number * 10 + part) * 10_000
                let keys = (first..<first + 2_000).map { "\($0)" }.joined(separator: ",")
                try client.send("{\"id\":\(part),\"load\":\"authors.books\",\"keys\":[\(keys)]}")
            }
        }
        try eventually("all wait") { try shop.daemon.stat("waiting_requests") == 50 }
        leaving.finishSending()
        shop.server.kill()
        for client in clients {
            let codes = try (1...10).map { _ in try JSONValue(client.ask()).errorCode }
            #expect(codes == Array(repeating: "database_unavailable", count: 10))
        }
        try eventually("nothing is left of them") {
            try ["waiting_requests", "queued_keys"].allSatisfy { try shop.daemon.stat($0) == 0 }
        }
    }

    @Test func `a key column that changes its type gives nobody rows that are not his`() throws {
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
        // The server would say that '1abc' = 1.
        try client.executeScript("ALTER TABLE b MODIFY a_id VARCHAR(20); UPDATE b SET a_id = '1abc';")
        #expect(try daemon.ask(one).errorCode == "database_unavailable")
        try eventually("the relationship is gone, for its types do not fit any more") {
            #expect(try daemon.ask(two)["results"] == nil)
            return try daemon.ask(one).errorCode == "unknown_relationship"
        }
    }

    @Test func `a reload leaves alone what needs a restart, and says so every time`() throws {
        let shop = try BookshopFixture()
        let other = try SharedServer.freshDatabase(named: "other")
        for times in 1...2 {
            try shop.daemon.rewrite(database: other, settings: "")
            shop.daemon.signal(SIGHUP)
            try eventually("it is warned of") {
                shop.daemon.log.components(separatedBy: "database.name has changed").count == times + 1
            }
            try eventually("it is done") {
                shop.daemon.log.components(separatedBy: "reloaded").count == times + 1
            }
            #expect(try shop.daemon.ask(#"{"load":"authors.books","key":5}"#)["rows"] != nil)
        }
    }
}
