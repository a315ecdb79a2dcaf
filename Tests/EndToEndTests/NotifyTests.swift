import Foundation
import PrivateServer
import TestSupport
import Testing

@Suite struct NotifyTests {
    @Test func `the service manager hears when it is ready and when it stops`() throws {
        let directory = try DaemonUnderTest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotifySocket(directory + "/notify")
        let shop = try BookshopFixture(environment: ["NOTIFY_SOCKET": directory + "/notify"])
        try manager.wait(for: "READY=1")
        shop.daemon.signal(SIGTERM)
        try manager.wait(for: "STOPPING=1")
        #expect(shop.daemon.waitForExit() == 0)
    }

    @Test func `the watchdog hears of a daemon without descriptors`() throws {
        let directory = try DaemonUnderTest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotifySocket(directory + "/notify")
        let shop = try BookshopFixture(
            environment: ["NOTIFY_SOCKET": directory + "/notify", "WATCHDOG_USEC": "100000"])
        try shop.daemon.limit("nofile", to: 40)
        let crowd = try (1...64).map { _ in try shop.daemon.client() }
        try shop.daemon.waitForLog("no connection can be accepted")
        manager.forget()
        try manager.wait(for: "WATCHDOG=1", times: 5)
        withExtendedLifetime(crowd) {}
    }

    @Test func `the watchdog hears of a daemon that is idle or busy, and not of one whose loop stands still`()
        throws
    {
        let directory = try DaemonUnderTest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotifySocket(directory + "/notify")
        let clock = try NotifySocket(directory + "/clock")
        func environment(_ name: String) -> [String: String] {
            ["NOTIFY_SOCKET": "\(directory)/\(name)", "WATCHDOG_USEC": "100000"]
        }
        // Another one tells how the time passes.
        let shop = try BookshopFixture(environment: environment("clock"))
        let interference = try Interference()
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            environment: environment("notify").merging(interference.environment) { $1 })
        try manager.wait(for: "WATCHDOG=1", times: 5)
        let client = try daemon.client()
        let lines = Array(repeating: #"{"load":"books.author","key":5}"#, count: 20).joined(separator: "\n")
        try manager.wait(for: "WATCHDOG=1", times: 5) {
            try client.send(lines)
            for _ in 1...20 { _ = try client.receive() }
        }
        interference[.holdsAccepts] = 1
        let newcomer = try daemon.client()
        try eventually("it stands still") { interference[.waitingAccepts] > 0 }
        manager.forget()
        try clock.wait(for: "WATCHDOG=1", times: 10)
        #expect(manager.count(of: "WATCHDOG=1") == 0)
        interference[.holdsAccepts] = 0
        try manager.wait(for: "WATCHDOG=1", times: 5)
        for client in [client, newcomer] {
            #expect(try JSONValue(client.ask(#"{"load":"books.author","key":5}"#))["row"] != nil)
        }
    }
}
