import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import Synchronization
import TestSupport
import Testing

/// Restarts while clients ask.
@Suite struct RestartTests {
    private static let load = #"{"load":"books.author","key":5}"#

    /// What the clients have seen so far.
    private final class Record: Sendable {
        let isOver = Atomic(false)
        let answers = Atomic(0)
        let complaints = Mutex<[String]>([])
        let finished = DispatchSemaphore(value: 0)

        func waitForMoreAnswers() throws {
            let now = answers.load(ordering: .relaxed)
            try eventually("100 more answers") { answers.load(ordering: .relaxed) > now + 100 }
        }
    }

    @Test func `restarts with socket activation refuse no connection and lose no answer`()
        throws
    {
        let shop = try BookshopFixture()
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/k"
        let listener = try UnixSocket.listen(path)
        defer { close(listener) }
        let expected = try shop.bookIDs()
        let record = Record()
        Thread {
            let complaints = inParallel(Self.clients) { number in
                var complaints: [String] = []
                while !record.isOver.load(ordering: .relaxed) {
                    complaints += try Self.visit(path, number, expected, record)
                }
                return complaints
            }
            record.complaints.withLock { $0 = complaints }
            record.finished.signal()
        }.start()
        for round in 1...6 {
            let daemon = try DaemonUnderTest(
                shop.server, database: shop.database, activation: (listener, path))
            try record.waitForMoreAnswers()
            if round.isMultiple(of: 2) {
                daemon.signal(SIGTERM)
            } else {
                try Self.end(daemon, whileAllWaitIn: shop)
            }
            #expect(daemon.waitForExit() == 0)
        }
        record.isOver.store(true, ordering: .relaxed)
        let last = try DaemonUnderTest(shop.server, database: shop.database, activation: (listener, path))
        record.finished.wait()
        withExtendedLifetime(last) {}
        #expect(record.complaints.withLock { $0.prefix(5) } == [])
    }

    private static let clients = 8
    /// The number of loads that a client sends at a time, besides a ping.
    private static let loads = 5

    /// Ends the daemon at a moment at which every client waits for all its replies.
    private static func end(_ daemon: DaemonUnderTest, whileAllWaitIn shop: BookshopFixture) throws {
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        try eventually("all requests wait") { try daemon.stat("waiting_requests") == clients * loads }
        daemon.signal(SIGTERM)
        try daemon.waitForLog("draining")
        try holder.execute("UNLOCK TABLES")
    }

    /// Connects, which must always succeed, and sends a ping and five loads in one write, which are read
    /// together. A daemon that ends may close the connection before it reads them. The pong, which waits for
    /// no query, shows that it has read them: then it must answer all of them.
    private static func visit(
        _ path: String, _ number: Int, _ expected: [String: [String]], _ record: Record
    ) throws -> [String] {
        let client = try LineClient(.unix(path: path))
        client.setPatience(seconds: 20)
        let ping = "0"
        var owed: Set<String> = [ping]
        var lines = [#"{"id":\#(ping),"op":"ping"}"#]
        for offset in 1...loads {
            let author = 1 + (number * 31 + offset) % Bookshop.authors
            owed.insert("\(author)")
            lines.append(#"{"id":\#(author),"load":"authors.books","key":\#(author)}"#)
        }
        // So few bytes are taken at once or not at all.
        do { try client.send(lines.joined(separator: "\n")) } catch { return [] }
        while !owed.isEmpty {
            guard let line = try nextReply(client) else {
                return owed.count == lines.count ? [] : ["read, and never answered: \(owed.sorted())"]
            }
            let reply = try JSONValue(line)
            guard let id = reply["id"]?.number, owed.remove(id) != nil else { return ["unowed: \(line)"] }
            if id == ping || reply.errorCode == "shutting_down" { continue }
            guard reply.rowIDs == expected[id, default: []] else { return [line] }
            record.answers.add(1, ordering: .relaxed)
        }
        return []
    }

    /// Returns the next line; nil at the end of the connection, which is a reset if the daemon left something
    /// unread.
    private static func nextReply(_ client: LineClient) throws -> String? {
        do {
            return try client.receive()
        } catch let error as LineClient.Failure where error.description.contains("reset by peer") {
            return nil
        }
    }

    @Test func `SIGHUP while the daemon drains changes nothing`() throws {
        let shop = try BookshopFixture()
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        try client.send(#"{"id":1,"load":"authors.books","key":1}"#)
        try eventually("the request waits") { try shop.daemon.stat("waiting_requests") == 1 }
        shop.daemon.signal(SIGHUP)
        shop.daemon.signal(SIGTERM)
        try eventually("the daemon drains") { shop.daemon.log.contains("draining") }
        let before = shop.daemon.log.ranges(of: "reload").count
        try shop.daemon.rewrite(database: shop.database, settings: "[nonsense]")
        for _ in 1...1000 { shop.daemon.signal(SIGHUP) }
        #expect(try client.ask(#"{"id":2,"op":"ping"}"#) == #"{"id":2,"pong":true}"#)
        try holder.execute("UNLOCK TABLES")
        #expect(try JSONValue(client.receive() ?? "").rowIDs != nil)
        #expect(try client.receive() == nil)
        #expect(shop.daemon.waitForExit() == 0)
        #expect(shop.daemon.log.ranges(of: "reload").count <= before + 1, "\(shop.daemon.log)")
        #expect(!shop.daemon.log.contains("nonsense"))
    }

    @Test func `a second SIGTERM ends the daemon at once, with an error for every waiting request`() throws {
        let shop = try BookshopFixture()
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        for id in 1...3 { try client.send(#"{"id":\#(id),"load":"authors.books","key":\#(id)}"#) }
        try eventually("the requests wait") { try shop.daemon.stat("waiting_requests") == 3 }
        shop.daemon.signal(SIGTERM)
        try eventually("the daemon drains") { shop.daemon.log.contains("draining") }
        shop.daemon.signal(SIGTERM)
        for _ in 1...3 {
            #expect(try JSONValue(client.receive() ?? "null").errorCode == "shutting_down")
        }
        #expect(try client.receive() == nil)
        #expect(shop.daemon.waitForExit() == 0)
        try holder.execute("UNLOCK TABLES")
    }
}
