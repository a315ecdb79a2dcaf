import Demo
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// The database is running and refuses logins.
@Suite struct LoginRefusalTests {
    private static let load = #"{"load":"books.author","key":5}"#
    private let shop: BookshopFixture
    private let administrator: BlockingClient

    init() throws {
        shop = try BookshopFixture(try PrivateServer())
        administrator = try shop.server.client()
    }

    private func loseConnections() throws {
        try administrator.killConnections("DB = 'shop'")
    }

    private func expectRefusal(_ text: String) throws {
        try eventually("loads are refused with the server's reason") {
            let reply = try shop.daemon.ask(Self.load)
            return reply.errorCode == "database_unavailable" && "\(reply)".contains(text)
        }
        #expect(try shop.daemon.ask(Self.load)["error"]?["retryable"] == .bool(true))
    }

    private func expectRecovery() throws {
        try eventually("the login succeeds again") {
            try shop.daemon.ask(Self.load)["row"] != nil && shop.daemon.stat("connections") == 4
        }
    }

    private func attempts() throws -> Int {
        let rows = try administrator.strings("SHOW GLOBAL STATUS LIKE 'Connections'")
        return Int(rows.first?[1] ?? "") ?? 0
    }

    @Test func `an account whose password has changed is not retried in a flood, and recovers`() throws {
        try administrator.execute("ALTER USER root@localhost IDENTIFIED BY 'changed'")
        try loseConnections()
        try expectRefusal("1045")
        let (before, clock) = (try attempts(), ContinuousClock())
        let start = clock.now
        for _ in 1...200 { #expect(try shop.daemon.ask(Self.load).errorCode == "database_unavailable") }
        try eventually("the daemon tries again by itself") { try attempts() > before }
        let seconds = Int((clock.now - start).components.seconds)
        #expect(try attempts() - before < 60 + 30 * seconds, "requests do not make it try more often")
        try administrator.execute("ALTER USER root@localhost IDENTIFIED BY ''")
        try expectRecovery()
    }

    @Test func `a server at its connection limit is waited for`() throws {
        try administrator.execute("SET GLOBAL max_connections = 10")
        // Other clients take all connections, also the extra one for an administrator.
        var crowd: [BlockingClient] = []
        try eventually("no connection is left for the daemon") {
            while let client = try? shop.server.client() { crowd.append(client) }
            try loseConnections()
            while let client = try? shop.server.client() { crowd.append(client) }
            return try shop.daemon.ask(Self.load).errorCode == "database_unavailable"
        }
        try expectRefusal("1040")
        crowd.removeAll()
        try expectRecovery()
    }
}
