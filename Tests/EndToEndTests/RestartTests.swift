import Demo
import Foundation
import MariaDB
import PrivateServer
import Synchronization
import TestSupport
import Testing

/// Ends and new beginnings while clients ask.
@Suite struct RestartTests {
    private static let load = #"{"load":"books.author","key":5}"#

    /// What clients have seen, for as long as they go on.
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

    @Test func `restarts behind a socket of the service manager refuse no connection and lose no answer`()
        throws
    {
        let shop = try BookshopFixture()
        let directory = try DaemonUnderTest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/k"
        let listener = try UnixSocket.listen(path)
        defer { close(listener) }
        let expected = try shop.bookIDs()
        let record = Record()
        Thread {
            let complaints = inParallel(8) { number in
                var complaints: [String] = []
                while !record.isOver.load(ordering: .relaxed) {
                    complaints += try Self.visit(path, number, expected, record)
                }
                return complaints
            }
            record.complaints.withLock { $0 = complaints }
            record.finished.signal()
        }.start()
        for _ in 1...5 {
            let daemon = try DaemonUnderTest(
                shop.server, database: shop.database, activation: (listener, path))
            try record.waitForMoreAnswers()
            daemon.signal(SIGTERM)
            #expect(daemon.waitForExit(within: 30) == 0)
        }
        record.isOver.store(true, ordering: .relaxed)
        let last = try DaemonUnderTest(shop.server, database: shop.database, activation: (listener, path))
        record.finished.wait()
        withExtendedLifetime(last) {}
        #expect(record.complaints.withLock { $0.prefix(5) } == [])
    }

    /// Connects, which must always do, sends five loads, and takes in five replies or the end of the connection.
    private static func visit(
        _ path: String, _ number: Int, _ expected: [String: [String]], _ record: Record
    ) throws -> [String] {
        let client = try LineClient(.unix(path: path))
        client.setPatience(seconds: 20)
        var owed: Set<String> = []
        let lines = (1...5).map { place in
            let author = 1 + (number * 31 + place) % Bookshop.authors
            owed.insert("\(author)")
            return #"{"id":\#(author),"load":"authors.books","key":\#(author)}"#
        }
        do { try client.send(lines.joined(separator: "\n")) } catch { return [] }
        while !owed.isEmpty {
            // Reset, when what was sent has not been read.
            guard let line = try? client.receive() else { return [] }
            let reply = try JSONValue(line)
            guard let id = reply["id"]?.number, owed.remove(id) != nil else { return ["unowed: \(line)"] }
            if reply.errorCode == "shutting_down" { continue }
            guard reply.rowIDs == expected[id, default: []] else { return [line] }
            record.answers.add(1, ordering: .relaxed)
        }
        return []
    }

    @Test func `a reload that is asked for during the end changes nothing`() throws {
        let shop = try BookshopFixture()
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client(patience: 20)
        try client.send(#"{"id":1,"load":"authors.books","key":1}"#)
        try eventually("it waits") { try shop.daemon.stat("waiting_requests") == 1 }
        shop.daemon.signal(SIGHUP)
        shop.daemon.signal(SIGTERM)
        try eventually("it ends") { shop.daemon.log.contains("draining") }
        let before = shop.daemon.log.ranges(of: "reload").count
        try shop.daemon.rewrite(database: shop.database, settings: "[nonsense]")
        for _ in 1...1000 { shop.daemon.signal(SIGHUP) }
        #expect(try client.ask(#"{"id":2,"op":"ping"}"#) == #"{"id":2,"pong":true}"#)
        try holder.execute("UNLOCK TABLES")
        #expect(try JSONValue(client.receive() ?? "").rowIDs != nil)
        #expect(try client.receive() == nil)
        #expect(shop.daemon.waitForExit(within: 30) == 0)
        #expect(shop.daemon.log.ranges(of: "reload").count <= before + 1, "\(shop.daemon.log)")
        #expect(!shop.daemon.log.contains("nonsense"))
    }

    @Test func `who is asked twice to end does so at once, and says so to those who wait`() throws {
        let shop = try BookshopFixture()
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client(patience: 20)
        for id in 1...3 { try client.send(#"{"id":\#(id),"load":"authors.books","key":\#(id)}"#) }
        try eventually("they wait") { try shop.daemon.stat("waiting_requests") == 3 }
        shop.daemon.signal(SIGTERM)
        try eventually("it ends") { shop.daemon.log.contains("draining") }
        shop.daemon.signal(SIGTERM)
        for _ in 1...3 {
            #expect(try JSONValue(client.receive() ?? "null").errorCode == "shutting_down")
        }
        #expect(try client.receive() == nil)
        #expect(shop.daemon.waitForExit(within: 10) == 0)
        try holder.execute("UNLOCK TABLES")
    }
}
