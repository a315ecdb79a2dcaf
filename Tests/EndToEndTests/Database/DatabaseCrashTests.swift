import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import Synchronization
import TestSupport
import Testing

@Suite struct DatabaseCrashTests {
    private static let connections = 8
    private static let excuses: Set<String> = ["database_unavailable", "timeout"]

    @Test func `a server that is killed under load costs retryable errors and nothing else`()
        throws
    {
        // Committed data must be with the kernel when the server is killed.
        let shop = try BookshopFixture(PrivateServer(arguments: ["--innodb-flush-log-at-trx-commit=2"]))
        let expected = try shop.bookIDs()
        let progress = Progress()
        let load = Thread {
            let complaints = inParallel(Self.connections) { number in
                let client = try shop.daemon.client()
                var complaints: [String] = []
                var round = 0
                while !progress.isOver.load(ordering: .relaxed) {
                    complaints += try Self.round(client, round, first: number, expected, progress)
                    round += 1
                }
                return complaints
            }
            progress.complaints.withLock { $0 = complaints }
            progress.finished.signal()
        }
        load.start()
        for _ in 0..<2 {
            try progress.waitForMoreRows()
            shop.server.kill()
            try progress.waitForMoreErrors()
            try shop.server.restart()
        }
        try progress.waitForMoreRows()
        progress.isOver.store(true, ordering: .relaxed)
        progress.finished.wait()
        #expect(progress.complaints.withLock { $0 }.prefix(10) == [])
    }

    final class Progress: Sendable {
        let rows = Atomic(0)
        let errors = Atomic(0)
        let isOver = Atomic(false)
        let complaints = Mutex<[String]>([])
        let finished = DispatchSemaphore(value: 0)

        func waitForMoreRows() throws {
            let now = rows.load(ordering: .relaxed)
            try eventually("100 more loads have rows") { rows.load(ordering: .relaxed) > now + 100 }
        }

        func waitForMoreErrors() throws {
            let now = errors.load(ordering: .relaxed)
            try eventually("50 more loads fail") { errors.load(ordering: .relaxed) > now + 50 }
        }
    }

    /// Sends 20 loads at once and checks as many replies.
    private static func round(
        _ client: LineClient, _ round: Int, first: Int, _ expected: [String: [String]], _ progress: Progress
    ) throws -> [String] {
        let ids = (0..<20).map { round * 20 + $0 }
        let lines = ids.map {
            let include = $0 % 2 == 0 ? #","include":{"author":{"columns":["id"]}}"# : ""
            return
                #"{"id":\#($0),"load":"authors.books","key":\#(1 + (first * 31 + $0) % Bookshop.authors)\#(include)}"#
        }
        try client.send(Array((lines.joined(separator: "\n") + "\n").utf8))
        var owed = Set(ids)
        var complaints: [String] = []
        for _ in ids {
            let line = try client.ask()
            let reply = try JSONValue(line)
            guard let id = reply["id"]?.number.flatMap({ Int($0) }), owed.remove(id) != nil else {
                complaints.append("nobody is owed \(line.prefix(200))")
                continue
            }
            if let code = reply.errorCode {
                progress.errors.add(1, ordering: .relaxed)
                let isExcused = excuses.contains(code) && reply["error"]?["retryable"] == .bool(true)
                if !isExcused { complaints.append(line) }
            } else {
                progress.rows.add(1, ordering: .relaxed)
                let author = "\(1 + (first * 31 + id) % Bookshop.authors)"
                let isWhole =
                    id % 2 != 0
                    || reply["rows"]?.elements.allSatisfy { $0["author"]?["id"] == .number(author) } == true
                if reply.rowIDs != expected[author, default: []] || !isWhole {
                    complaints.append("wrong rows: \(line.prefix(300))")
                }
            }
        }
        return complaints
    }

    @Test func `a daemon that starts before its database serves as soon as the database is up`() throws {
        let server = try PrivateServer()
        try server.client().execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
        try server.client(database: "shop").executeScript(Bookshop.script)
        server.stop()
        let daemon = try DaemonUnderTest(server, database: "shop")
        let refusal = try daemon.ask(#"{"id":1,"load":"authors.books","key":1}"#)
        #expect(refusal.errorCode == "database_unavailable")
        #expect(refusal["error"]?["retryable"] == .bool(true))
        #expect(try daemon.ask(#"{"op":"ping"}"#)["pong"] == .bool(true))
        try server.restart()
        try eventually("loads are answered") {
            try daemon.ask(#"{"id":1,"load":"books.author","key":1}"#)["row"]?["id"] == .number("1")
        }
    }

    @Test func `idle connections that the database has closed cause no error`() throws {
        let shop = try BookshopFixture(PrivateServer())
        let client = try shop.daemon.client()
        let admin = try shop.server.client()
        for round in 1...20 {
            let own =
                "SELECT id FROM information_schema.PROCESSLIST WHERE db = 'shop' AND id <> CONNECTION_ID()"
            try eventually("the daemon is connected") { try !admin.strings(own).isEmpty }
            for row in try admin.strings(own) {
                // A connection that closes by itself at this moment need not be killed.
                if let id = row[0] { try? admin.execute("KILL \(id)") }
            }
            try eventually("the killed connections are gone") {
                try admin.strings(own + " AND COMMAND = 'Killed'").isEmpty
            }
            let reply = try client.ask(#"{"id":\#(round),"load":"books.author","key":\#(round)}"#)
            #expect(reply.contains(#""row":{"id":\#(round),"#), "\(reply)")
        }
    }
}

extension LineClient {
    /// Returns the next line; an error if the connection is closed.
    func ask() throws -> String {
        guard let line = try receive() else { throw Failure("the connection was closed, a reply is owed") }
        return line
    }
}
