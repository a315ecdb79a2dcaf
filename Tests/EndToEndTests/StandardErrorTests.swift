import Foundation
import PrivateServer
import TestSupport
import Testing

/// The log goes to standard error, and that may be a disk without room, or nothing at all.
@Suite struct StandardErrorTests {
    private static let load = #"{"load":"books.author","key":5}"#
    private let shop: BookshopFixture

    init() throws { shop = try BookshopFixture() }

    /// It logs, serves, reloads and ends as ever.
    private func expectService(of daemon: DaemonUnderTest) throws {
        let expected = try shop.daemon.ask(Self.load)
        let client = try daemon.client()
        for number in 1...50 {
            daemon.signal(SIGHUP)
            // As much of it in the log as may be.
            let odd = #"{"id":\#(number),"load":"books.\#(String(repeating: "x", count: 500))","key":5}"#
            #expect(try JSONValue(client.ask(odd)).errorCode == "unknown_relationship")
            #expect(try JSONValue(client.ask(Self.load)) == expected)
        }
        let others = try (1...20).map { _ in try daemon.client() }
        for other in others { #expect(try JSONValue(other.ask(Self.load)) == expected) }
        daemon.signal(SIGTERM)
        #expect(try client.receive() == nil, "nothing but replies goes to a client")
        #expect(daemon.waitForExit() == 0)
    }

    @Test func `the disk that the log goes to is full, and the daemon serves and ends as ever`() throws {
        try expectService(of: DaemonUnderTest(shop.server, database: shop.database, log: "/dev/full"))
    }

    @Test(arguments: ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
    func `a daemon without standard error serves, and its log goes to nobody else`(_ closed: String) throws {
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            launcher: ["/bin/sh", "-c", "exec \"$0\" \"$@\" \(closed)"])
        for descriptor in 0...2 {
            let target = try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(daemon.processID)/fd/\(descriptor)")
            #expect(target == "/dev/null" || target.hasPrefix(daemon.directory), "\(descriptor): \(target)")
        }
        try expectService(of: daemon)
    }
}
