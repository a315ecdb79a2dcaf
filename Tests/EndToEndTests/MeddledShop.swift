import LineClient
import PrivateServer
import TestSupport
import Testing

/// A bookshop and a daemon that comes to it through a man in the middle.
struct MeddledShop {
    private static let shared = Result { try BookshopFixture() }
    /// A daemon's connections to its database.
    static let connections = 4

    let meddler: Meddler
    let daemon: DaemonUnderTest
    /// The ids of every author's books, from the database itself.
    let expected: [String: [String]]
    /// The only one while nothing else is said.
    let client: LineClient
    /// How many the daemon has open when all is well.
    private let files: Int

    /// - Parameter settings: of `[database]`, and what follows.
    init(settings: String = "") throws {
        let shop = try Self.shared.get()
        expected = try shop.bookIDs()
        meddler = try Meddler(to: shop.server, marker: "`books`")
        daemon = try DaemonUnderTest(
            shop.server, database: shop.database, settings: settings,
            databasePlace: "host = \"127.0.0.1\"\nport = \(meddler.port)")
        let client = try daemon.client()
        try eventually("all is well") {
            try client.stat("connections") == Self.connections && client.stat("sessions") == 1
        }
        files = try daemon.openFiles()
        self.client = client
    }

    /// Sends one load for each of the authors in one go and takes in as many replies. Answers how many had rows, which
    /// are compared with the database's, and how many which error.
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

    /// The fault is over: the daemon serves as before, and nothing is left of it.
    func expectRecovery() throws {
        try eventually("every load has its rows") { try outcomes(1...60) == ["rows": 60] }
        try eventually("all connections are there") {
            try client.stat("connections") == Self.connections
        }
        try eventually("nothing waits") {
            try ["waiting_requests", "queued_keys", "in_flight"].allSatisfy { try client.stat($0) == 0 }
        }
        try eventually("no descriptor is left") { try daemon.openFiles() == files }
        #expect(try outcomes(61...120) == ["rows": 60])
    }
}

extension LineClient {
    /// A number of the daemon's `stats`.
    func stat(_ name: String) throws -> Int? {
        try JSONValue(ask(#"{"op":"stats"}"#))["stats"]?[name]?.number.flatMap { Int($0) }
    }
}
