import Foundation
import Glibc
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Faults of the machine and of the database's host, and many reloads, while the daemon serves.
@Suite struct EnvironmentFaultTests {
    private static let load = #"{"load":"books.author","key":5}"#

    @Test func `a daemon whose log nobody reads keeps serving`() throws {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let pipe = directory + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        // The pipe is held open and never read.
        let reader = open(pipe, O_RDWR | O_NONBLOCK)
        defer { close(reader) }
        let server = try PrivateServer()
        try server.client().execute("CREATE DATABASE shop")
        let daemon = try DaemonUnderTest(server, database: "shop", log: pipe)
        // F_SETPIPE_SZ of fcntl(2): the smallest pipe holds a page.
        try #require(fcntl(reader, 1031, 4096) == 4096)
        func ping() throws {
            daemon.signal(SIGHUP)
            #expect(try daemon.ask(#"{"op":"ping"}"#)["pong"] == .bool(true))
        }
        try eventually("the pipe is full") {
            try ping()
            var waiting: Int32 = 0
            _ = ioctl(reader, UInt(FIONREAD), &waiting)
            return waiting > 3900
        }
        for _ in 1...300 { try ping() }
        daemon.signal(SIGTERM)
        #expect(daemon.waitForExit() == 0)
    }

    @Test func `a database that freezes longer than a request's timeout costs that request only`() throws {
        let shop = try BookshopFixture(try PrivateServer())
        let database = try #require(shop.server.pid)
        let expected = try shop.daemon.ask(Self.load)
        let before = try shop.daemon.openFiles()
        let client = try shop.daemon.client()
        try freeze(database)
        defer { kill(database, SIGCONT) }
        for id in 1...20 {
            try client.send(
                #"{"id":\#(id),"load":"authors.books","key":\#(id),"timeout_ms":\#(50 + 10 * id)}"#)
        }
        for id in 1...20 {
            let reply = try JSONValue(client.receive() ?? "")
            #expect(reply.errorCode == "timeout" && reply["id"] == .number("\(id)"), "\(reply)")
        }
        #expect(try shop.daemon.ask(#"{"op":"ping"}"#)["pong"] == .bool(true))
        kill(database, SIGCONT)
        try eventually("the database answers again") {
            try shop.daemon.ask(Self.load) == expected
        }
        let other = try shop.daemon.ask(#"{"id":99,"load":"books.author","key":7}"#)
        #expect(other["id"] == .number("99") && other["row"]?["id"] != expected["row"]?["id"])
        try eventually("no query is left") { try shop.daemon.stat("in_flight") == 0 }
        #expect(try client.ask(#"{"id":0,"op":"ping"}"#) == #"{"id":0,"pong":true}"#, "nothing comes late")
        try shop.daemon.waitForClosedFiles(before, extra: 1)
    }

    @Test func `without free descriptors new clients wait, the daemon does not spin, and it recovers`() throws
    {
        let shop = try BookshopFixture()
        let served = try shop.daemon.client()
        try shop.daemon.limit("nofile", to: 40)
        var crowd = try (1...64).map { _ in try shop.daemon.client() }
        try eventually("the log says so") { shop.daemon.log.contains("no connection can be accepted") }
        let start = try shop.daemon.processorSeconds()
        for _ in 1...10 {
            #expect(try JSONValue(served.ask(Self.load))["row"] != nil)
            usleep(100_000)
        }
        #expect(try shop.daemon.processorSeconds() - start < 0.5, "of one second")
        #expect(shop.daemon.log.ranges(of: "no connection can be accepted").count <= 2)
        crowd.removeAll()
        #expect(try shop.daemon.ask(Self.load)["row"] != nil)
    }

    private func limited(_ command: String, _ shop: BookshopFixture, listen: String = "") throws
        -> DaemonUnderTest
    {
        try DaemonUnderTest(
            shop.server, database: shop.database, listen: listen,
            launcher: ["/bin/sh", "-c", command + "; exec \"$0\" \"$@\""])
    }

    @Test
    func `clients beyond the descriptor limit are refused, and the database can still be reconnected to`()
        throws
    {
        let shop = try BookshopFixture(try PrivateServer())
        let daemon = try limited("ulimit -n 64", shop)
        try daemon.waitForLog("listen.max_clients = 10000 needs")
        #expect(daemon.log.contains("the limit is 64") && daemon.log.contains("LimitNOFILE="))
        let steady = try daemon.client()
        let expected = try JSONValue(steady.ask(Self.load))
        func crowd() throws -> (clients: [LineClient], refused: Int) {
            let clients = try (1...100).map { _ in try daemon.client() }
            let replies = try clients.map { try JSONValue($0.receive(afterAsking: #"{"op":"ping"}"#)) }
            #expect(replies.allSatisfy { $0["pong"] != nil || $0.errorCode == "overloaded" })
            return (clients, replies.count { $0.errorCode == "overloaded" })
        }
        let (clients, refused) = try crowd()
        #expect((70...95).contains(refused))
        try shop.server.restart()
        try eventually("all connections are up again") { try steady.stat("connections") == 4 }
        #expect(try JSONValue(steady.ask(Self.load)) == expected)
        daemon.signal(SIGHUP)
        try daemon.waitForLog("reloaded")
        #expect(try crowd().refused == 100, "as before the reload")
        withExtendedLifetime(clients) {}
    }

    @Test func `the soft limit of descriptors is raised to what max_clients needs`() throws {
        let shop = try BookshopFixture()
        let daemon = try limited("ulimit -S -n 64", shop, listen: "max_clients = 200")
        let clients = try (1...150).map { _ in try daemon.client() }
        for client in clients { #expect(try JSONValue(client.ask(Self.load))["row"] != nil) }
        #expect(!daemon.log.contains("LimitNOFILE="))
    }

    @Test func `a thousand reloads under load lose no reply`() throws {
        let shop = try BookshopFixture()
        let before = try shop.daemon.openFiles()
        let client = try shop.daemon.client()
        let expected = try JSONValue(client.ask(Self.load))["row"]
        for number in 1...1000 {
            shop.daemon.signal(SIGHUP)
            try client.send(#"{"id":\#(number),"load":"books.author","key":5}"#)
            if number % 20 == 0 {
                for _ in 1...20 { #expect(try JSONValue(client.receive() ?? "")["row"] == expected) }
            }
        }
        try shop.daemon.waitForClosedFiles(before, extra: 1)
    }
}

extension LineClient {
    /// Sends a request, which the daemon may no longer read, and returns the first line that comes.
    fileprivate func receive(afterAsking line: String) throws -> String {
        try? send(line)
        return try receive() ?? ""
    }
}
