import LineClient
import PrivateServer
import TestSupport
import Testing

/// Clients that break the rules cost the others nothing.
@Suite struct ClientFaultTests {
    private static let load = #"{"load":"books.author","key":5}"#

    @Test func `a line of a hundred million bytes is refused once and takes the memory of one line`() throws {
        let shop = try BookshopFixture()
        let client = try shop.daemon.client()
        _ = try client.ask(Self.load)
        let before = try shop.daemon.residentKilobytes()
        let chunk = [UInt8](repeating: 0x61, count: 1_000_000)
        for _ in 1...100 { try client.send(chunk) }
        #expect(try Sanitizer.isOn || shop.daemon.residentKilobytes() - before < 8 << 10)
        try client.send("")
        #expect(try JSONValue(client.receive() ?? "").errorCode == "line_too_long")
        #expect(try JSONValue(client.ask(Self.load))["row"] != nil, "and no second error")
    }

    @Test func `a client beyond listen.max_clients is refused as overloaded, and the others are served`()
        throws
    {
        let shop = try BookshopFixture()
        let limited = try DaemonUnderTest(
            shop.server, database: shop.database, listen: "max_clients = 3")
        try eventually("nobody else is connected") { try limited.stat("sessions") == 1 }
        var served = try (1...3).map { _ in try limited.client() }
        for client in served { #expect(try JSONValue(client.ask(Self.load))["row"] != nil) }
        let refused = try limited.client()
        #expect(try JSONValue(refused.receive() ?? "").errorCode == "overloaded")
        #expect(try refused.receive() == nil)
        for client in served { #expect(try JSONValue(client.ask(Self.load))["row"] != nil) }
        served.removeLast()
        try eventually("another client is accepted") { try limited.ask(Self.load)["row"] != nil }
    }

    /// Requests of a refused client that are never read must not reset its connection before it has its
    /// error.
    @Test func `over TCP a client beyond max_clients gets its error though it has already sent requests`()
        throws
    {
        let shop = try BookshopFixture()
        let port = try PrivateServer.freePort()
        let limited = try DaemonUnderTest(
            shop.server, database: shop.database,
            listen: "max_clients = 1\ntcp = \"127.0.0.1:\(port)\"")
        let address = LineClient.Address.tcp(host: "127.0.0.1", port: port)
        var served = try LineClient(address)
        try eventually("nobody else is connected") {
            if try JSONValue(served.ask(Self.load))["row"] != nil { return true }
            served = try LineClient(address)
            return false
        }
        let lines = Array(repeating: Self.load + "\n", count: 2000).joined()
        for _ in 1...50 {
            let refused = try LineClient(address)
            try refused.send(Array(lines.utf8))
            #expect(try JSONValue(refused.receive() ?? "").errorCode == "overloaded")
            #expect(try refused.receive() == nil)
        }
        #expect(try JSONValue(served.ask(Self.load))["row"] != nil)
        try eventually("the refused clients are gone") { try limited.openFiles().count < 64 }
    }

    @Test func `clients that disconnect while their batches run leave nothing behind`() throws {
        let shop = try BookshopFixture()
        let steady = try shop.daemon.client()
        let expected = try JSONValue(steady.ask(Self.load))["row"]
        let before = try shop.daemon.openFiles()
        for round in 1...500 {
            let client = try shop.daemon.client()
            let lines = (1...20).map { #"{"id":\#($0),"load":"authors.books","key":\#(round % 40 + $0)}"# }
            try client.send(lines.joined(separator: "\n") + "\n" + #"{"id":21,"load":"#)
            if round % 10 == 0 { #expect(try JSONValue(steady.ask(Self.load))["row"] == expected) }
        }
        try eventually("nothing is left of the clients") {
            try shop.daemon.stat("waiting_requests") == 0 && shop.daemon.stat("queued_keys") == 0
                && shop.daemon.stat("in_flight") == 0
        }
        try shop.daemon.waitForClosedFiles(before, extra: 1)
    }
}
