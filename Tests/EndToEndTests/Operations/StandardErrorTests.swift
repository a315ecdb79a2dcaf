import Foundation
import LineClient
import PrivateServer
import TestSupport
import Testing

/// The log goes to standard error, which may be a full disk, or closed.
@Suite struct StandardErrorTests {
    private static let load = #"{"load":"books.author","key":5}"#
    private let shop: BookshopFixture

    init() throws { shop = try BookshopFixture() }

    /// Expects that a daemon logs, serves, reloads and ends as usual.
    private func expectService(of daemon: DaemonUnderTest) throws {
        let expected = try shop.daemon.ask(Self.load)
        let client = try daemon.client()
        for number in 1...50 {
            daemon.signal(SIGHUP)
            // An unknown name of the greatest length, for the log.
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

    @Test func `a daemon whose log is on a full disk serves and ends as usual`() throws {
        try expectService(of: DaemonUnderTest(shop.server, database: shop.database, log: "/dev/full"))
    }

    @Test(arguments: ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
    func `a daemon without standard error serves, and its log goes into no other descriptor`(_ closed: String)
        throws
    {
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

    /// A launcher that declares standard error to be the journal, by its device and inode: systemd.exec(5).
    private static let journal = [
        "/bin/sh", "-c", "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec \"$0\" \"$@\"",
    ]

    @Test func `log lines for the journal begin with their priority and have no time`() throws {
        let daemon = try DaemonUnderTest(shop.server, database: shop.database, launcher: Self.journal)
        try daemon.waitForLog("<5>catalog read relationships=22\n")
        try daemon.rewrite(database: shop.database, settings: "[nonsense]\n[worse]")
        daemon.signal(SIGHUP)
        try daemon.waitForLog("<3>reload failed")
        for line in daemon.log.split(separator: "\n") {
            #expect(line.wholeMatch(of: #/<[2-7]>[a-z/].*/#) != nil, "\(line)")
        }
        daemon.signal(SIGTERM)
        #expect(daemon.waitForExit() == 0)
        #expect(throws: TestFailure.self) { try daemon.restart() }
        let complaints = daemon.log.split(separator: "\n").suffix(2)
        #expect(complaints.allSatisfy { $0.hasPrefix("<3>\(daemon.configPath):") }, "\(daemon.log)")
    }

    @Test func `log lines for anything but the journal have the time and no priority`() throws {
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database, environment: ["JOURNAL_STREAM": "1:2"])
        try daemon.waitForLog(" notice: catalog read relationships=22\n")
        for line in daemon.log.split(separator: "\n") {
            #expect(
                line.prefixMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} [a-z]+: /#) != nil, "\(line)")
        }
    }

    @Test func `database connections that are lost together are one log line`() throws {
        let own = try BookshopFixture(PrivateServer())
        try eventually("all four connections are up") { try own.daemon.stat("connections") == 4 }
        own.server.kill()
        try own.daemon.waitForLog("no connection to the database")
        try own.daemon.waitForLog("4 database connections were lost")
        #expect(!own.daemon.log.contains("a database connection was lost"), "\(own.daemon.log)")
    }
}
