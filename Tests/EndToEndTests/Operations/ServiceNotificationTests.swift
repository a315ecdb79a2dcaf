import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

@Suite struct ServiceNotificationTests {
    @Test func `the service manager is notified when the daemon is ready and when it stops`() throws {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotifySocket(directory + "/notify")
        let shop = try BookshopFixture(environment: ["NOTIFY_SOCKET": directory + "/notify"])
        try manager.wait(for: "READY=1")
        shop.daemon.signal(SIGTERM)
        try manager.wait(for: "STOPPING=1")
        #expect(shop.daemon.waitForExit() == 0)
    }

    @Test func `the status for the service manager names the database, a failed reload and a stop`() throws {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotifySocket(directory + "/notify")
        let shop = try BookshopFixture(
            PrivateServer(), environment: ["NOTIFY_SOCKET": directory + "/notify"])
        func expect(_ status: String) throws {
            do {
                try eventually("the status says '\(status)'") { manager.status?.contains(status) == true }
            } catch {
                throw TestFailure(description: "\(error); it says: \(manager.status ?? "nothing")")
            }
        }
        try expect("22 relationships; connected to the database")
        shop.server.kill()
        try expect("22 relationships; no database: 2002")
        try shop.server.restart()
        try expect("22 relationships; connected to the database")
        try shop.daemon.rewrite(database: shop.database, settings: "[nonsense]")
        shop.daemon.signal(SIGHUP)
        try expect("22 relationships; connected to the database; the last reload failed: ")
        try shop.daemon.rewrite(database: shop.database, settings: "")
        shop.daemon.signal(SIGHUP)
        try eventually("the failure is forgotten") { manager.status?.contains("reload") == false }
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        try client.send(#"{"load":"authors.books","key":1}"#)
        #expect(try client.ask(#"{"op":"ping"}"#) == #"{"pong":true}"#)
        shop.daemon.signal(SIGTERM)
        try expect("draining: 1 request")
    }

    @Test func `the status of a daemon whose login is refused has the server's reason`() throws {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotifySocket(directory + "/notify")
        let database = try SharedServer.freshDatabase(named: "shut")
        let daemon = try DaemonUnderTest(
            SharedServer.server, database: database, user: "stranger",
            environment: ["NOTIFY_SOCKET": directory + "/notify"])
        try eventually("the status has the server's words") {
            manager.status?.hasPrefix("no schema yet: 1045") == true
        }
        withExtendedLifetime(daemon) {}
    }

    @Test func `the watchdog is notified by a daemon that has run out of descriptors`() throws {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotifySocket(directory + "/notify")
        let shop = try BookshopFixture(
            environment: ["NOTIFY_SOCKET": directory + "/notify", "WATCHDOG_USEC": "100000"])
        try shop.daemon.limit("nofile", to: 40)
        let crowd = try (1...64).map { _ in try shop.daemon.client() }
        try shop.daemon.waitForLog("no connection can be accepted")
        manager.clear()
        try manager.wait(for: "WATCHDOG=1", times: 5)
        withExtendedLifetime(crowd) {}
    }

    @Test
    func `the watchdog is notified by an idle or busy daemon, and not by one whose event loop is stuck`()
        throws
    {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotifySocket(directory + "/notify")
        let clock = try NotifySocket(directory + "/clock")
        func environment(_ name: String) -> [String: String] {
            ["NOTIFY_SOCKET": "\(directory)/\(name)", "WATCHDOG_USEC": "100000"]
        }
        // A second daemon's notices measure the time.
        let shop = try BookshopFixture(environment: environment("clock"))
        let interposer = try LibcInterposer()
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            environment: environment("notify").merging(interposer.environment) { $1 })
        try manager.wait(for: "WATCHDOG=1", times: 5)
        let client = try daemon.client()
        let lines = Array(repeating: #"{"load":"books.author","key":5}"#, count: 20).joined(separator: "\n")
        try manager.wait(for: "WATCHDOG=1", times: 5) {
            try client.send(lines)
            for _ in 1...20 { _ = try client.receive() }
        }
        interposer[.holdsAccepts] = 1
        let newcomer = try daemon.client()
        try eventually("the event loop stands still") { interposer[.waitingAccepts] > 0 }
        manager.clear()
        try clock.wait(for: "WATCHDOG=1", times: 10)
        #expect(manager.count(of: "WATCHDOG=1") == 0)
        interposer[.holdsAccepts] = 0
        try manager.wait(for: "WATCHDOG=1", times: 5)
        for client in [client, newcomer] {
            #expect(try JSONValue(client.ask(#"{"load":"books.author","key":5}"#))["row"] != nil)
        }
    }
}
