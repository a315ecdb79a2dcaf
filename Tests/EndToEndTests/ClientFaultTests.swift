import LineClient
import PrivateServer
import TestSupport
import Testing

/// Clients that do not behave cost the others nothing.
@Suite struct ClientFaultTests {
    private static let load = #"{"load":"books.author","key":5}"#

    @Test func `a line of a hundred million bytes is refused once, in the memory of one line`() throws {
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

    @Test func `one client too many is told so, and the others are served`() throws {
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
        try eventually("there is room again") { try limited.ask(Self.load)["row"] != nil }
    }

    /// What a refused client writes and we do not read must not reset the connection under it.
    @Test func `over TCP too, one client too many gets its error, though it has already asked`() throws {
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
        try eventually("the refused are gone") { try limited.openFiles() < 64 }
    }

    @Test func `clients that vanish in the middle of their batch leave nothing behind`() throws {
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
        try eventually("all is as it was") {
            try shop.daemon.openFiles() <= before + 1 && shop.daemon.stat("waiting_requests") == 0
                && shop.daemon.stat("queued_keys") == 0 && shop.daemon.stat("in_flight") == 0
        }
    }
}
