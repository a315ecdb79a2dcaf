import Demo
import Glibc
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// What the system below may do: the clock, the resolver, threads, reads and writes.
@Suite struct SystemFaultTests {
    private static let load = #"{"load":"books.author","key":5}"#
    private let shop: BookshopFixture

    init() throws { shop = try BookshopFixture() }

    private func daemon(_ interference: Interference) throws -> DaemonUnderTest {
        try DaemonUnderTest(shop.server, database: shop.database, environment: interference.environment)
    }

    @Test(arguments: [3600, -3600])
    func `the clock is set an hour forth or back, and deadlines are what they were`(_ step: Int64) throws {
        let interference = try Interference()
        let daemon = try daemon(interference)
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try daemon.client()
        // In one write, so that the second waits no longer than the ping.
        let lines = [
            #"{"id":1,"load":"authors.books","key":1,"timeout_ms":60000}"#,
            #"{"id":2,"load":"authors.books","key":2,"timeout_ms":500}"#, #"{"id":3,"op":"ping"}"#,
        ]
        try client.send(lines.joined(separator: "\n"))
        #expect(try client.receive() == #"{"id":3,"pong":true}"#)
        interference[.clockOffset] = step
        // What is logged now bears the new hour, so the daemon has seen it.
        daemon.signal(SIGHUP)
        try eventually("it has reloaded") { daemon.log.contains("reloaded") }
        #expect(Set(daemon.log.split(separator: "\n").map { $0.prefix(13) }).count > 1)
        let late = try JSONValue(client.receive() ?? "")
        #expect(late["id"] == .number("2") && late.errorCode == "timeout")
        try client.send(#"{"id":4,"load":"authors.books","key":4,"timeout_ms":100}"#)
        let later = try JSONValue(client.receive() ?? "")
        #expect(later["id"] == .number("4") && later.errorCode == "timeout")
        try holder.execute("UNLOCK TABLES")
        let first = try JSONValue(client.receive() ?? "")
        #expect(first["id"] == .number("1") && first.rowIDs != nil, "\(first)")
        #expect(try client.ask(#"{"id":5,"op":"ping"}"#) == #"{"id":5,"pong":true}"#)
    }

    @Test func `a name that takes its time to be resolved keeps nobody else waiting`() throws {
        let interference = try Interference()
        let meddler = try Meddler(to: shop.server, marker: "`books`")
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            databasePlace: "host = \"far.example\"\nport = \(meddler.port)",
            environment: interference.environment)
        let expected = try shop.daemon.ask(Self.load)
        let client = try daemon.client()
        try eventually("all is well") { try client.stat("connections") == 4 }
        interference[.holdsNames] = 1
        meddler.cut()
        try eventually("the name is asked for") { interference[.waitingNames] > 0 }
        let late = try JSONValue(client.ask(#"{"load":"books.author","key":5,"timeout_ms":300}"#))
        #expect(["timeout", "database_unavailable"].contains(late.errorCode), "\(late)")
        for id in 1...1000 {
            #expect(try client.ask(#"{"id":\#(id),"op":"ping"}"#) == #"{"id":\#(id),"pong":true}"#)
        }
        #expect(interference[.waitingNames] > 0, "it still waits")
        interference[.holdsNames] = 0
        try eventually("it is connected again") { try JSONValue(client.ask(Self.load)) == expected }
        try eventually("all is well") { try client.stat("connections") == 4 }
    }

    @Test func `a directory of users that does not answer stops a reload and nothing else`() throws {
        let interference = try Interference()
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            settings: "[batching]\nclient_weights = { root = 4 }\n[catalog]\nrefresh_s = 1",
            environment: interference.environment)
        let client = try daemon.client()
        let expected = try client.ask(Self.load)
        interference[.holdsNames] = 1
        daemon.signal(SIGHUP)
        try eventually("a user is looked up") { interference[.waitingNames] > 0 }
        for _ in 1...100 { #expect(try client.ask(Self.load) == expected) }
        try shop.server.client(database: shop.database).execute(
            "CREATE TABLE notes (id INT PRIMARY KEY, book_id INT, FOREIGN KEY (book_id) REFERENCES books (id))"
        )
        try eventually("the new table is seen") {
            try JSONValue(client.ask(#"{"load":"books.notes","key":1}"#)).rowIDs == []
        }
        #expect(!daemon.log.contains("reloaded"))
        interference[.holdsNames] = 0
        try daemon.waitForLog("reloaded")
    }

    @Test func `a daemon that may have no thread at its start says so and ends with 71`() throws {
        let interference = try Interference()
        interference[.refusesThreads] = 1
        let outcome = try DaemonUnderTest.run(
            ["serve", "--config", shop.daemon.configPath], environment: interference.environment)
        #expect(outcome.status == 71)
        #expect(outcome.output.contains("thread"), "\(outcome.output)")
        #expect(outcome.output.split(separator: "\n").count == 1)
    }

    @Test func `a daemon that may have no more threads serves on, and reloads when it has some again`() throws
    {
        let interference = try Interference()
        let daemon = try daemon(interference)
        let expected = try shop.daemon.ask(Self.load)
        #expect(try daemon.ask(Self.load) == expected)
        let holder = try shop.server.client(database: shop.database)
        func expectTimeout() throws {
            try holder.execute("LOCK TABLES books WRITE")
            let reply = try daemon.ask(#"{"load":"authors.books","key":1,"timeout_ms":100}"#)
            #expect(reply.errorCode == "timeout")
            try eventually("nothing is in flight") { try daemon.stat("in_flight") == 0 }
            try holder.execute("UNLOCK TABLES")
            #expect(try daemon.ask(Self.load) == expected)
        }
        interference[.refusesThreads] = 1
        daemon.signal(SIGHUP)
        try daemon.waitForLog("reload failed, nothing has changed: ")
        #expect(daemon.log.contains("no thread can be started"))
        try expectTimeout()
        #expect(interference[.refusedThreads] >= 2)
        interference[.refusesThreads] = 0
        daemon.signal(SIGHUP)
        try daemon.waitForLog("reloaded")
        try expectTimeout()
        try eventually("all is well") { try daemon.stat("connections") == 4 }
    }

    @Test func `without a thread for a name's address the loop does not wait for it, and later it is found`()
        throws
    {
        let interference = try Interference()
        let meddler = try Meddler(to: shop.server, marker: "`books`")
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            databasePlace: "host = \"far.example\"\nport = \(meddler.port)",
            environment: interference.environment)
        let client = try daemon.client()
        try eventually("all is well") { try client.stat("connections") == 4 }
        interference[.refusesThreads] = 1
        interference[.holdsNames] = 1
        meddler.cut()
        try daemon.waitForLog("no connection to the database")
        #expect(daemon.log.contains("no thread can be started"))
        #expect(try JSONValue(client.ask(Self.load)).errorCode == "database_unavailable")
        for id in 1...1000 {
            #expect(try client.ask(#"{"id":\#(id),"op":"ping"}"#) == #"{"id":\#(id),"pong":true}"#)
        }
        #expect(interference[.waitingNames] == 0)
        interference[.holdsNames] = 0
        interference[.refusesThreads] = 0
        let expected = try shop.daemon.ask(Self.load)
        try eventually("it is connected again") { try JSONValue(client.ask(Self.load)) == expected }
    }

    // ThreadSanitizer has a thread of its own.
    @Test(.enabled(if: !Sanitizer.isOn))
    func `a daemon that may have only the log's thread at its start serves, and the tables when it has more`()
        throws
    {
        let interference = try Interference()
        interference[.sparesThreads] = 1
        interference[.refusesThreads] = 1
        let daemon = try daemon(interference)
        let reply = try daemon.ask(Self.load)
        #expect(reply.errorCode == "database_unavailable")
        #expect(reply.errorMessage.contains("no thread can be started"))
        interference[.refusesThreads] = 0
        let expected = try shop.daemon.ask(Self.load)
        try eventually("the schema is read") { try daemon.ask(Self.load) == expected }
    }

    @Test func `one read or write in ten is interrupted, cut short or must wait, and every answer is right`()
        throws
    {
        let interference = try Interference(seed: 20_261_123)
        interference[.interruptions] = 100
        let daemon = try daemon(interference)
        let expected = try shop.bookIDs()
        let complaints = inParallel(8) { number in
            let client = try daemon.client()
            var complaints: [String] = []
            for round in 0..<25 {
                let authors = (0..<10).map { 1 + (number * 250 + round * 10 + $0) % Bookshop.authors }
                let lines = authors.map { #"{"id":\#($0),"load":"authors.books","key":\#($0)}"# }
                try client.send(lines.joined(separator: "\n"))
                for _ in authors {
                    let reply = try JSONValue(client.receive() ?? "")
                    let author = reply["id"]?.number ?? ""
                    if reply.rowIDs != expected[author, default: []] { complaints.append("\(reply)") }
                }
            }
            return complaints
        }
        #expect(complaints.isEmpty, "\(complaints.prefix(3))")
        #expect(interference[.interrupted] > 50)
    }
}
