import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Clients that disconnect, do not read, come in large numbers, or reuse ids.
@Suite struct ClientBehaviourTests {
    private static let load = #"{"load":"books.author","key":5}"#

    @Test func `a client that shuts down its sending side gets every answer, also later ones`() throws {
        let shop = try BookshopFixture()
        let expected = try shop.bookIDs()
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        let lines = (1...500).map { #"{"id":\#($0),"load":"authors.books","key":\#(1 + $0 % 190)}"# }
        try client.send(Array(lines.joined(separator: "\n").utf8))
        client.finishSending()
        try eventually("all requests wait") { try shop.daemon.stat("waiting_requests") == 500 }
        try holder.execute("UNLOCK TABLES")
        var owed = Set(1...500)
        while let line = try client.receive() {
            let reply = try JSONValue(line)
            let id = try #require(reply["id"]?.number.flatMap { Int($0) })
            #expect(owed.remove(id) != nil, "a second reply: \(reply)")
            #expect(reply.rowIDs == expected["\(1 + id % 190)", default: []])
        }
        #expect(owed.isEmpty)
    }

    @Test
    func
        `a client that shuts down its sending side and reads late gets the answers of lines not yet read, too`()
        throws
    {
        let shop = try BookshopFixture()
        let client = try shop.daemon.client()
        let count = 6000
        // Each needs its own query: the first replies fill the socket before the last lines are read.
        let lines = (1...count).map {
            #"{"id":\#($0),"load":"authors.books","key":5,"where":{"id":\#($0)},"columns":["id"]}"#
        }
        try client.send(Array(lines.joined(separator: "\n").utf8))
        client.finishSending()
        try eventually("everything that was read is answered") {
            try (shop.daemon.stat("requests") ?? 0) > 4096 && shop.daemon.stat("waiting_requests") == 0
        }
        var owed = Set(1...count)
        while let line = try client.receive() {
            let id = try #require(try JSONValue(line)["id"]?.number.flatMap { Int($0) })
            #expect(owed.remove(id) != nil, "a second reply: \(line)")
        }
        let unanswered = owed.count
        #expect(unanswered == 0)
    }

    @Test func `lines that are slow to decode are all answered, also after the sending side is shut down`()
        throws
    {
        let shop = try BookshopFixture()
        let client = try shop.daemon.client()
        // Each unknown name is compared with all relationships.
        let lines = (1...20_000).map { "{\"id\":\($0),\"load\":\"authors.bookz\",\"key\":1}\n" }.joined()
        try client.send(Array(lines.utf8))
        client.finishSending()
        for id in 1...20_000 {
            let line = try client.receive() ?? "nothing"
            #expect(line.hasPrefix("{\"id\":\(id),\"error\""), "\(line)")
        }
        #expect(try client.receive() == nil)
    }

    @Test func `requests with the same id on one connection have a reply each`() throws {
        let shop = try BookshopFixture()
        let expected = try shop.bookIDs()
        let client = try shop.daemon.client()
        let lines = (1...200).map { #"{"id":7,"load":"authors.books","key":\#($0)}"# }
        try client.send(lines.joined(separator: "\n"))
        var found: [[String]] = []
        for _ in 1...200 {
            let reply = try JSONValue(client.receive() ?? "")
            #expect(reply["id"] == .number("7"))
            found.append(try #require(reply.rowIDs, "\(reply)"))
        }
        let wanted = (1...200).map { expected["\($0)", default: []] }
        #expect(found.sorted { $0.joined() < $1.joined() } == wanted.sorted { $0.joined() < $1.joined() })
        // The cancel cancels both, and no other request.
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        for key in 1...2 { try client.send(#"{"id":7,"load":"authors.books","key":\#(key)}"#) }
        try client.send(#"{"id":8,"load":"authors.books","key":3}"#)
        try client.send(#"{"id":9,"op":"cancel","target":7}"#)
        for _ in 1...2 { #expect(try JSONValue(client.receive() ?? "").errorCode == "cancelled") }
        #expect(try client.receive() == #"{"id":9,"cancelled":true}"#)
        try holder.execute("UNLOCK TABLES")
        #expect(try JSONValue(client.receive() ?? "").rowIDs == expected["3"])
    }

    @Test func `clients that reset their connections leave no session, query or descriptor behind`() throws {
        let shop = try BookshopFixture()
        let port = try PrivateServer.freePort()
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database, listen: "tcp = \"127.0.0.1:\(port)\"")
        let steady = try daemon.client()
        let expected = try steady.ask(Self.load)
        try eventually("all connections are up") { try steady.stat("connections") == 4 }
        let before = try daemon.openFiles()
        let lines = Array(
            (1...300).map { #"{"load":"authors.books","key":\#($0 % 190)}"# + "\n" }.joined().utf8)
        for round in 1...200 {
            let descriptor = try LineClient.connect(.tcp(host: "127.0.0.1", port: port))
            // Reset at any byte of a line, and while replies are being sent.
            _ = UnixSocket.send(lines[..<(round * 61 % lines.count)], to: descriptor)
            if round % 2 == 0, round > 10 {
                var byte: UInt8 = 0
                recv(descriptor, &byte, 1, Int32(MSG_PEEK))
            }
            // With this option close(2) sends RST: socket(7).
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(
                descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            close(descriptor)
            #expect(try steady.ask(Self.load) == expected)
        }
        try eventually("nothing is left of the clients") {
            try steady.stat("sessions") == 1 && steady.stat("waiting_requests") == 0
                && steady.stat("in_flight") == 0
        }
        try daemon.waitForClosedFiles(before)
    }

    /// The kernel reports a Unix peer that closes with unread data differently from one that has read
    /// everything.
    @Test(arguments: [false, true])
    func `the query of a client that has sent everything and disconnects is killed`(leavesUnread: Bool) throws
    {
        let shop = try BookshopFixture()
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE, authors WRITE")
        let steady = try shop.daemon.client()
        do {
            let gone = try shop.daemon.client()
            if leavesUnread { try gone.send(#"{"op":"ping"}"#) }
            try gone.send(Self.load)
            gone.finishSending()
            try eventually("its query runs") { try steady.stat("in_flight") == 1 }
        }
        try eventually("its query is killed") {
            try steady.stat("in_flight") == 0 && steady.stat("sessions") == 1
        }
        #expect(try steady.stat("kills") == 1)
        try holder.execute("UNLOCK TABLES")
        #expect(try JSONValue(steady.ask(Self.load))["row"] != nil)
    }

    @Test func `a client that asks for much and never reads does not slow the others down`() throws {
        let shop = try BookshopFixture(
            settings: "[limits]\nreply_bytes = 1000000\nclient_output_bytes = 1000000")
        let deaf = try UnixSocket.connect(shop.daemon.socketPath)
        defer { close(deaf) }
        let keys = (1...190).map(String.init).joined(separator: ",")
        let greedy = Array("{\"load\":\"authors.books\",\"keys\":[\(keys)]}\n".utf8)
        let others = try (1...4).map { _ in try shop.daemon.client() }
        let expected = try others[0].ask(Self.load)
        // Until the daemon reads nothing more from it, because its replies exceed what a socket holds.
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        var sent = 0
        try eventually("the daemon reads nothing more from the client") {
            let before = sent
            while send(deaf, greedy, greedy.count, flags) == greedy.count { sent += 1 }
            return try sent > 20 && sent == before && others[0].stat("in_flight") == 0
        }
        let replies = try others[0].stat("replies") ?? 0
        for _ in 1...250 {
            for other in others { #expect(try other.ask(Self.load) == expected) }
            _ = send(deaf, greedy, greedy.count, flags)
        }
        #expect(try (others[0].stat("replies") ?? 0) - replies >= 1000)
        #expect(try others[0].stat("sessions") == 5, "it is still there")
    }

    @Test func `ten thousand short connections leave no descriptor behind`() throws {
        let shop = try BookshopFixture()
        let steady = try shop.daemon.client()
        #expect(try JSONValue(steady.ask(Self.load))["row"] != nil)
        let (before, accepted) = (try shop.daemon.openFiles(), try steady.stat("sessions_accepted") ?? 0)
        for round in 1...10_000 {
            let descriptor = try UnixSocket.connect(shop.daemon.socketPath)
            if round % 3 == 0 { _ = UnixSocket.send(Array("{\"op\":\"ping\"}\n".utf8)[...], to: descriptor) }
            close(descriptor)
        }
        try eventually("all clients have come and gone") {
            try steady.stat("sessions_accepted") ?? 0 == accepted + 10_000 && steady.stat("sessions") == 1
        }
        #expect(try shop.daemon.openFiles().count <= before.count)
        #expect(try JSONValue(steady.ask(Self.load))["row"] != nil)
    }

    /// As many as the limit of descriptors allows: the tests hold the other ends.
    @Test func `ten thousand idle connections cost little memory, and each is still answered`() throws {
        var files = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        files.rlim_cur = files.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        let count = min(10_000, Int(clamping: files.rlim_max) - 1000)
        let shop = try BookshopFixture()
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database, listen: "max_clients = 20000")
        let steady = try daemon.client()
        let expected = try steady.ask(Self.load)
        let before = try daemon.residentKilobytes()
        var crowd: [LineClient] = []
        for _ in 1...count { crowd.append(try daemon.client()) }
        try eventually("all clients are connected") { try steady.stat("sessions") == count + 1 }
        for client in crowd { #expect(try client.ask(Self.load) == expected) }
        #expect(try Sanitizer.isOn || daemon.residentKilobytes() - before < 10 * count, "10 KiB for each")
        crowd = []
        try eventually("all clients are gone") { try steady.stat("sessions") == 1 }
    }
}
