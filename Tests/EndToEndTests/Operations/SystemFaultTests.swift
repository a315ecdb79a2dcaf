import Demo
import Glibc
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Faults of the system: the clock, name resolution, threads, reads and writes.
@Suite struct SystemFaultTests {
    private static let load = #"{"load":"books.author","key":5}"#
    private let shop: BookshopFixture

    init() throws { shop = try BookshopFixture() }

    private func daemon(_ interposer: LibcInterposer) throws -> DaemonUnderTest {
        try DaemonUnderTest(shop.server, database: shop.database, environment: interposer.environment)
    }

    @Test(arguments: [3600, -3600])
    func `deadlines do not move when the clock is set an hour forward or back`(_ step: Int64) throws {
        let interposer = try LibcInterposer()
        let daemon = try daemon(interposer)
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try daemon.client()
        // In one write, so that the second load has been read when the ping is answered.
        let lines = [
            #"{"id":1,"load":"authors.books","key":1,"timeout_ms":60000}"#,
            #"{"id":2,"load":"authors.books","key":2,"timeout_ms":500}"#, #"{"id":3,"op":"ping"}"#,
        ]
        try client.send(lines.joined(separator: "\n"))
        #expect(try client.receive() == #"{"id":3,"pong":true}"#)
        interposer[.clockOffset] = step
        // Log lines from now on have the new hour, which shows that the daemon has seen it.
        daemon.signal(SIGHUP)
        try eventually("the daemon has reloaded") { daemon.log.contains("reloaded") }
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

    @Test func `a host name that is slow to resolve holds up no client`() throws {
        let interposer = try LibcInterposer()
        let proxy = try FaultProxy(to: shop.server, marker: "`books`")
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            databaseAddress: "host = \"far.example\"\nport = \(proxy.port)\ntls = \"off\"",
            environment: interposer.environment)
        let expected = try shop.daemon.ask(Self.load)
        let client = try daemon.client()
        try eventually("all connections are up") { try client.stat("connections") == 4 }
        interposer[.holdsNames] = 1
        proxy.resetConnections()
        try eventually("the name is asked for") { interposer[.waitingNames] > 0 }
        let late = try JSONValue(client.ask(#"{"load":"books.author","key":5,"timeout_ms":300}"#))
        #expect(["timeout", "database_unavailable"].contains(late.errorCode), "\(late)")
        for id in 1...1000 {
            #expect(try client.ask(#"{"id":\#(id),"op":"ping"}"#) == #"{"id":\#(id),"pong":true}"#)
        }
        #expect(interposer[.waitingNames] > 0, "it still waits")
        interposer[.holdsNames] = 0
        try eventually("the daemon is connected again") { try JSONValue(client.ask(Self.load)) == expected }
        try eventually("all connections are up") { try client.stat("connections") == 4 }
    }

    @Test func `a user directory that does not answer holds up a reload and nothing else`() throws {
        let interposer = try LibcInterposer()
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            settings: "[batching]\nclient_weights = { root = 4 }\n[catalog]\nrefresh_s = 1",
            environment: interposer.environment)
        let client = try daemon.client()
        let expected = try client.ask(Self.load)
        interposer[.holdsNames] = 1
        daemon.signal(SIGHUP)
        try eventually("a user is looked up") { interposer[.waitingNames] > 0 }
        for _ in 1...100 { #expect(try client.ask(Self.load) == expected) }
        try shop.server.client(database: shop.database).execute(
            "CREATE TABLE notes (id INT PRIMARY KEY, book_id INT, FOREIGN KEY (book_id) REFERENCES books (id))"
        )
        try eventually("the new table is seen") {
            try JSONValue(client.ask(#"{"load":"books.notes","key":1}"#)).rowIDs == []
        }
        #expect(!daemon.log.contains("reloaded"))
        interposer[.holdsNames] = 0
        try daemon.waitForLog("reloaded")
    }

    @Test func `a daemon that cannot start a thread says so and exits with 71`() throws {
        let interposer = try LibcInterposer()
        interposer[.refusesThreads] = 1
        let outcome = try DaemonUnderTest.run(
            ["serve", "--config", shop.daemon.configPath], environment: interposer.environment)
        #expect(outcome.status == 71)
        #expect(outcome.output.contains("thread"), "\(outcome.output)")
        #expect(outcome.output.split(separator: "\n").count == 1)
    }

    @Test func `a daemon that cannot start more threads keeps serving, and reloads when it can again`() throws
    {
        let interposer = try LibcInterposer()
        let daemon = try daemon(interposer)
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
        interposer[.refusesThreads] = 1
        daemon.signal(SIGHUP)
        try daemon.waitForLog("reload failed, nothing has changed: ")
        #expect(daemon.log.contains("no thread can be started"))
        try expectTimeout()
        #expect(interposer[.refusedThreads] >= 2)
        interposer[.refusesThreads] = 0
        daemon.signal(SIGHUP)
        try daemon.waitForLog("reloaded")
        try expectTimeout()
        try eventually("all connections are up") { try daemon.stat("connections") == 4 }
    }

    @Test
    func `without a thread to resolve a host name the event loop does not block, and resolves it later`()
        throws
    {
        let interposer = try LibcInterposer()
        let proxy = try FaultProxy(to: shop.server, marker: "`books`")
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            databaseAddress: "host = \"far.example\"\nport = \(proxy.port)\ntls = \"off\"",
            environment: interposer.environment)
        let client = try daemon.client()
        try eventually("all connections are up") { try client.stat("connections") == 4 }
        interposer[.refusesThreads] = 1
        interposer[.holdsNames] = 1
        proxy.resetConnections()
        try daemon.waitForLog("no connection to the database")
        #expect(daemon.log.contains("no thread can be started"))
        #expect(try JSONValue(client.ask(Self.load)).errorCode == "database_unavailable")
        for id in 1...1000 {
            #expect(try client.ask(#"{"id":\#(id),"op":"ping"}"#) == #"{"id":\#(id),"pong":true}"#)
        }
        #expect(interposer[.waitingNames] == 0)
        interposer[.holdsNames] = 0
        interposer[.refusesThreads] = 0
        let expected = try shop.daemon.ask(Self.load)
        try eventually("the daemon is connected again") { try JSONValue(client.ask(Self.load)) == expected }
    }

    // ThreadSanitizer starts a thread of its own.
    @Test(.enabled(if: !Sanitizer.isOn))
    func
        `a daemon that can start only the log's thread answers, and reads the schema when it can start more`()
        throws
    {
        let interposer = try LibcInterposer()
        interposer[.sparesThreads] = 1
        interposer[.refusesThreads] = 1
        let daemon = try daemon(interposer)
        let reply = try daemon.ask(Self.load)
        #expect(reply.errorCode == "database_unavailable")
        #expect(reply.errorMessage.contains("no thread can be started"))
        interposer[.refusesThreads] = 0
        let expected = try shop.daemon.ask(Self.load)
        try eventually("the schema is read") { try daemon.ask(Self.load) == expected }
    }

    @Test func `every answer is right when one read or write in ten is interrupted, short or would block`()
        throws
    {
        let interposer = try LibcInterposer(seed: 20_261_123)
        interposer[.interruptions] = 100
        let daemon = try daemon(interposer)
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
        #expect(interposer[.interrupted] > 50)
    }
}
