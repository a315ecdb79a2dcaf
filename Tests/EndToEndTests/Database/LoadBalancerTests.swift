import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// A load balancer: connections to one address may lead to different servers.
@Suite struct LoadBalancerTests {
    private static let load = #"{"id":1,"load":"authors.books","key":5}"#
    private let servers: [PrivateServer]
    private let proxy: FaultProxy
    private let daemon: DaemonUnderTest
    private let locker: BlockingClient

    init() throws {
        servers = try [PrivateServer(), PrivateServer()]
        for server in servers { try server.client().execute("CREATE DATABASE shop CHARACTER SET utf8mb4") }
        try servers[0].client(database: "shop").executeScript(Bookshop.script)
        // The thread numbers of the first server are ahead of the second one's, which reaches them later.
        for _ in 1...20 { _ = try servers[0].client() }
        proxy = try FaultProxy(to: servers[0], marker: "FROM")
        daemon = try DaemonUnderTest(
            servers[0], database: "shop", databaseAddress: "host = \"127.0.0.1\"\nport = \(proxy.port)")
        locker = try servers[0].client(database: "shop")
        try locker.execute("LOCK TABLES books WRITE")
    }

    /// Returns the number of the server's thread that runs a query like this; nil if there is none.
    private func thread(of query: String, seenBy observer: BlockingClient) throws -> Int? {
        let rows = try observer.strings(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '\(query)' AND ID <> CONNECTION_ID()"
        )
        return rows.first?[0].flatMap { Int($0) }
    }

    private static func client(numbered number: Int, at server: PrivateServer) throws -> BlockingClient {
        while true {
            let client = try server.client()
            let own = try client.strings("SELECT CONNECTION_ID()").first?[0].flatMap { Int($0) } ?? .max
            if own == number { return client }
            if own > number { throw TestFailure(description: "connection \(number); it is at \(own)") }
        }
    }

    @Test func `KILL is never sent to another server's query that has the same thread number`() throws {
        let client = try daemon.client()
        try client.send(Self.load)
        // Observers are connected once: further connections would take the numbers that are waited for.
        let (first, observer) = (try servers[0].client(), try servers[1].client())
        var ours: Int?
        try eventually("the query waits") {
            ours = try thread(of: "%books%", seenBy: first)
            return ours != nil
        }
        // Another user's query, which must not be killed.
        Thread { [server = servers[1], number = try #require(ours)] in
            try? Self.client(numbered: number, at: server).execute("SELECT SLEEP(600)")
        }.start()
        try eventually("the other user's query runs") {
            try thread(of: "%SLEEP(600)%", seenBy: observer) == ours
        }
        let before = try observer.strings("SHOW GLOBAL STATUS LIKE 'Connections'")
        proxy.routeNewConnections(to: servers[1])
        try client.send(#"{"id":2,"op":"cancel","target":1}"#)
        let replies = [try JSONValue(client.receive() ?? ""), try JSONValue(client.receive() ?? "")]
        #expect(replies.contains { $0.errorCode == "cancelled" })
        try eventually("the other server is asked to kill the query") {
            try observer.strings("SHOW GLOBAL STATUS LIKE 'Connections'") != before
        }
        proxy.routeNewConnections(to: servers[0])
        try eventually("the connection is closed, because its query cannot be killed") {
            try daemon.stat("in_flight") == 0 && daemon.stat("connections") == 4
        }
        #expect(try thread(of: "%SLEEP(600)%", seenBy: observer) == ours, "it still runs")
        try locker.execute("UNLOCK TABLES")
        #expect(try daemon.ask(Self.load)["rows"] != nil)
        try servers[1].client().execute("KILL CONNECTION \(ours ?? 0)")
    }
}
