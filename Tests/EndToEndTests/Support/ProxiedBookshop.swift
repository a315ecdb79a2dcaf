import LineClient
import PrivateServer
import TestSupport
import Testing

/// A bookshop, and a daemon that reaches it through a fault proxy.
struct ProxiedBookshop {
    private static let shared = Result { try BookshopFixture() }
    /// The number of the daemon's connections to its database.
    static let connections = 4

    let proxy: FaultProxy
    let daemon: DaemonUnderTest
    /// The ids of every author's books, by the author's id, from the database itself.
    let expected: [String: [String]]
    /// The daemon's only client, unless a test makes more.
    let client: LineClient
    /// The open descriptors of the healthy daemon.
    private let files: [String]

    /// - Parameter settings: lines of `[database]`, and tables after it.
    init(settings: String = "") throws {
        let shop = try Self.shared.get()
        expected = try shop.bookIDs()
        proxy = try FaultProxy(to: shop.server, marker: "`books`")
        daemon = try DaemonUnderTest(
            shop.server, database: shop.database, settings: settings,
            databaseAddress: "host = \"127.0.0.1\"\nport = \(proxy.port)")
        let client = try daemon.client()
        try eventually("all connections are up") {
            try client.stat("connections") == Self.connections && client.stat("sessions") == 1
        }
        files = try daemon.openFiles()
        self.client = client
    }

    /// Sends one load for each author in one write and reads as many replies. Returns how many had rows,
    /// which are compared with the database's, and how many each error.
    func outcomes(_ authors: ClosedRange<Int> = 1...20, _ options: String = "") throws -> [String: Int] {
        let lines = authors.map { #"{"id":\#($0),"load":"authors.books","key":\#($0)\#(options)}"# }
        try client.send(lines.joined(separator: "\n"))
        var owed = Set(authors.map { "\($0)" })
        var outcomes: [String: Int] = [:]
        for _ in authors {
            let reply = try JSONValue(client.ask())
            guard let id = reply["id"]?.number, owed.remove(id) != nil else {
                Issue.record("nobody is owed \(reply)")
                continue
            }
            if reply.errorCode == nil { #expect(reply.rowIDs == expected[id, default: []], "author \(id)") }
            outcomes[reply.errorCode ?? "rows", default: 0] += 1
        }
        #expect(try client.ask(#"{"id":"last","op":"ping"}"#) == #"{"id":"last","pong":true}"#)
        return outcomes
    }

    /// Expects that the daemon serves as before the fault, and that nothing is left of it.
    func expectRecovery() throws {
        try eventually("every load has its rows") { try outcomes(1...60) == ["rows": 60] }
        try eventually("all connections are up") {
            try client.stat("connections") == Self.connections
        }
        try eventually("no request waits") {
            try ["waiting_requests", "queued_keys", "in_flight"].allSatisfy { try client.stat($0) == 0 }
        }
        try daemon.waitForClosedFiles(files)
        try eventually("as many descriptors are open as before") {
            try daemon.openFiles().count == files.count
        }
        #expect(try outcomes(61...120) == ["rows": 60])
    }
}

extension LineClient {
    /// Returns a number of the daemon's `stats`.
    func stat(_ name: String) throws -> Int? {
        try JSONValue(ask(#"{"op":"stats"}"#))["stats"]?[name]?.number.flatMap { Int($0) }
    }
}
