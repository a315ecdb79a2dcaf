import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Clients that write everything first and read afterwards: they get every answer within the documented
/// limits and an error for each request beyond them, and hold no more memory than the limits.
@Suite struct LateReaderTests {
    private static let authors = 190

    private static func load(_ id: Int) -> String {
        "{\"id\":\(id),\"load\":\"authors.books\",\"key\":\(1 + id % authors)}\n"
    }

    private static func loads(_ count: Int) -> String {
        (1...count).map(load).joined()
    }

    /// Returns the answer for each author, asked one at a time and without its `id`: `"rows":[…]}`.
    private static func answers(_ daemon: DaemonUnderTest, options: String = "") throws -> [String] {
        let client = try daemon.client()
        return try (1...authors).map { key in
            String(try client.ask("{\"load\":\"authors.books\",\"key\":\(key)\(options)}").dropFirst())
        }
    }

    private static func right(_ answers: [String], _ id: Int) -> String {
        "{\"id\":\(id)," + answers[id % authors]
    }

    /// Reads so many replies. Every id must be answered once, with its rows or as overloaded.
    /// - Returns: the number of loads that were refused.
    private func readAll(_ count: Int, of answers: [String], from client: LateReader) throws -> Int {
        var isAnswered = [Bool](repeating: false, count: count + 1)
        var refused = 0
        for _ in 1...count {
            let line = try #require(client.read(), "the connection has ended")
            let id = try #require(Int(line.dropFirst(6).prefix { $0.isNumber }), "\(line)")
            try #require(!isAnswered[id], "a second reply to \(id)")
            isAnswered[id] = true
            if line == Self.right(answers, id) { continue }
            try #require(line.contains(#""error":{"code":"overloaded""#), "\(line)")
            refused += 1
        }
        return refused
    }

    /// Writes so many loads, and waits until the daemon has read and answered all of them.
    private func writeAll(_ count: Int, to client: LateReader, of daemon: DaemonUnderTest) throws {
        let before = try daemon.stat("requests") ?? 0
        try client.write(Self.loads(count))
        try eventually("all loads are answered", within: .seconds(120)) {
            try daemon.stat("requests") ?? 0 >= before + count && daemon.stat("waiting_requests") == 0
        }
    }

    /// Returns a daemon that listens on a Unix socket and over TCP, and both addresses.
    private func both(_ settings: String = "") throws -> (
        daemon: DaemonUnderTest, addresses: [LineClient.Address]
    ) {
        let shop = try BookshopFixture()
        let port = try PrivateServer.freePort()
        let daemon = try DaemonUnderTest(
            shop.server, database: shop.database, settings: settings, listen: "tcp = \"127.0.0.1:\(port)\"")
        return (daemon, [.unix(path: daemon.socketPath), .tcp(host: "127.0.0.1", port: port)])
    }

    @Test func `a client that writes 50,000 loads before it reads gets every answer, over TCP too`() throws {
        let (daemon, addresses) = try both()
        let answers = try Self.answers(daemon)
        for address in addresses {
            let client = try LateReader(address)
            try writeAll(50_000, to: client, of: daemon)
            #expect(try readAll(50_000, of: answers, from: client) == 0)
        }
        #expect(try daemon.stat("slow_readers_dropped") == 0)
        try eventually("the memory of the replies is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
    }

    @Test
    func `a client that shuts down its sending side before it reads gets every answer, and then the end`()
        throws
    {
        let (daemon, addresses) = try both()
        let answers = try Self.answers(daemon)
        for address in addresses {
            let client = try LateReader(address)
            try client.write(Self.loads(30_000))
            client.finishSending()
            #expect(try readAll(30_000, of: answers, from: client) == 0)
            #expect(client.read() == nil)
        }
    }

    @Test func `a ping and a cancel among loads whose replies nobody reads are answered like any other`()
        throws
    {
        let (daemon, addresses) = try both()
        let answers = try Self.answers(daemon)
        let client = try LateReader(addresses[0])
        let count = 20_000
        for id in 1...count {
            var lines = Self.load(id)
            if id % 100 == 0 { lines += "{\"id\":\"ping\",\"op\":\"ping\"}\n" }
            // The load may be in progress, or answered already.
            if id % 100 == 50 { lines += "{\"id\":\"cancel\",\"op\":\"cancel\",\"target\":\(id)}\n" }
            try client.write(lines)
        }
        var (right, cancelled, pongs, cancels) = (Set<Int>(), Set<Int>(), 0, 0)
        for _ in 1...count + 2 * count / 100 {
            let line = try #require(client.read())
            if line == #"{"id":"ping","pong":true}"# { pongs += 1; continue }
            if line.hasPrefix(#"{"id":"cancel","cancelled":"#) { cancels += 1; continue }
            let id = try #require(Int(line.dropFirst(6).prefix { $0.isNumber }), "\(line)")
            if line == Self.right(answers, id) {
                #expect(right.insert(id).inserted, "\(id)")
            } else {
                #expect(id % 100 == 50 && line.contains(#""error":{"code":"cancelled""#), "\(line)")
                #expect(cancelled.insert(id).inserted, "\(id)")
            }
        }
        #expect(pongs == count / 100 && cancels == count / 100)
        #expect(right.count + cancelled.count == count && right.isDisjoint(with: cancelled))
    }

    @Test func `a client that reads late gets every answer of loads with includes, whose replies are long`()
        throws
    {
        let (daemon, addresses) = try both()
        let options = #","include":{"reviews":{},"tags":{}}"#
        let answers = try Self.answers(daemon, options: options)
        let client = try LateReader(addresses[0])
        let count = 6_000
        let lines = (1...count).map { Self.load($0).dropLast(2) + options + "}\n" }
        try client.write(lines.joined())
        #expect(try readAll(count, of: answers, from: client) == 0)
        try eventually("the memory of the replies is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
    }

    @Test
    func
        `replies of a late reader beyond client_output_bytes are refused one by one, and it can go on asking`()
        throws
    {
        let bound = 4_000_000
        let (daemon, addresses) = try both(
            "[limits]\nreply_bytes = 1000000\nclient_output_bytes = \(bound)")
        let answers = try Self.answers(daemon)
        for address in addresses {
            let client = try LateReader(address)
            try writeAll(50_000, to: client, of: daemon)
            let refused = try readAll(50_000, of: answers, from: client)
            // Replies that fit are sent; a socket holds some more.
            let mean = answers.reduce(0) { $0 + $1.utf8.count } / answers.count
            #expect((50_000 - refused) * mean > bound / 2 && refused > 10_000, "\(refused)")
            // The client can go on asking.
            try client.write(Self.load(7))
            #expect(client.read() == Self.right(answers, 7))
        }
        #expect(try daemon.stat("slow_readers_dropped") == 0)
        try eventually("the memory of the replies is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
    }

    @Test func `replies to describe and stats count towards client_output_bytes`() throws {
        let (daemon, addresses) = try both(
            "[limits]\nreply_bytes = 100000\nclient_output_bytes = 100000")
        let client = try LateReader(addresses[0])
        let count = 2_000
        let lines = (1...count).map { id in
            "{\"id\":\(id),\"op\":\"\(id % 2 == 0 ? "describe" : "stats")\"}\n"
        }
        try client.write(lines.joined())
        var refused = 0
        for id in 1...count {
            let line = try #require(client.read())
            #expect(line.hasPrefix("{\"id\":\(id),"))
            if line.contains(#""error":{"code":"overloaded""#) { refused += 1 }
        }
        #expect(refused > 0 && refused < count)
        #expect(try daemon.stat("errors") == refused)
    }

    @Test
    func
        `a client that keeps asking and never reads gets no more memory than its limits, and is disconnected`()
        throws
    {
        let (daemon, addresses) = try both(
            "[limits]\nreply_bytes = 1000000\nclient_output_bytes = 1000000\nsend_timeout_s = 8")
        let client = try LateReader(addresses[0])
        let lines = Array(Self.loads(1_000).utf8)
        var (rest, greatest) = (lines[...], 0)
        try eventually("the client is disconnected", within: .seconds(300)) {
            // Error replies are bounded as well, by 16 MiB.
            while let count = client.writeWithoutBlocking(Array(rest)), count > 0 {
                rest = rest.count == count ? lines[...] : rest.dropFirst(count)
            }
            greatest = max(greatest, try daemon.stat("result_bytes") ?? 0)
            return try daemon.stat("slow_readers_dropped") == 1
        }
        #expect(greatest > 10_000_000 && greatest < 60_000_000, "\(greatest)")
        try daemon.waitForLog("limits.send_timeout_s = 8")
        try eventually("the memory of its replies is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
    }

    @Test func `a client that does not read is not disconnected while it still asks`() throws {
        let (daemon, addresses) = try both("[limits]\nsend_timeout_s = 6")
        let (silent, asking) = (try LateReader(addresses[0]), try LateReader(addresses[0]))
        // Replies to these are more than a socket holds.
        for client in [silent, asking] { try client.write(Self.loads(2_000)) }
        let ping = Array("{\"op\":\"ping\"}\n".utf8)
        try eventually("the silent client is disconnected") {
            #expect(asking.writeWithoutBlocking(ping) == ping.count)
            return try daemon.stat("slow_readers_dropped") ?? 0 > 0
        }
        #expect(try daemon.stat("sessions") == 2, "the other is there, and who asks this")
        try eventually("the client is disconnected when it asks no more") {
            try daemon.stat("slow_readers_dropped") == 2
        }
    }

    @Test func `a client with as many requests in progress as allowed is not disconnected while they are`()
        throws
    {
        let shop = try BookshopFixture(settings: "[limits]\nsend_timeout_s = 2")
        let answers = try Self.answers(shop.daemon)
        let clients = try (1...3).map { _ in try LateReader(.unix(path: shop.daemon.socketPath)) }
        try writeAll(2_000, to: clients[0], of: shop.daemon)
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        try clients[0].write((2_001...6_500).map(Self.load).joined())
        try eventually("the limit of waiting requests is reached") {
            try shop.daemon.stat("waiting_requests") == 4096
        }
        // A client that begins later is disconnected meanwhile.
        let descriptions = String(repeating: "{\"op\":\"describe\"}\n", count: 300)
        for client in clients[1...] { try client.write(descriptions) }
        try eventually("the other clients are disconnected") {
            try shop.daemon.stat("slow_readers_dropped") ?? 0 >= 2
        }
        #expect(try shop.daemon.stat("waiting_requests") == 4096)
        try holder.execute("UNLOCK TABLES")
        #expect(try readAll(6_500, of: answers, from: clients[0]) == 0)
    }

    @Test func `keys whose rows wait to be read do not count towards max_client_keys`() throws {
        let (daemon, addresses) = try both("[batching]\nmax_client_keys = 190")
        let client = try LateReader(addresses[0])
        let keys = (1...Self.authors).map(String.init).joined(separator: ",")
        // Each reply has about 150 KB.
        for id in 1...30 {
            let before = try daemon.stat("requests") ?? 0
            try client.write("{\"id\":\(id),\"load\":\"authors.books\",\"keys\":[\(keys)]}\n")
            try eventually("the load has its rows") {
                try daemon.stat("requests") ?? 0 >= before + 1 && daemon.stat("keys_on_their_way") == 0
            }
        }
        #expect(try daemon.stat("waiting_requests") ?? 0 > 10, "they wait for room")
        for _ in 1...30 { #expect(client.read()?.contains(#","results":[["#) == true) }
    }

    @Test func `lines held back for want of memory are read when other clients free some`() throws {
        let shop = try BookshopFixture(settings: "[limits]\nresult_bytes = 4194304")
        let answers = try Self.answers(shop.daemon)
        let client = try LateReader(.unix(path: shop.daemon.socketPath))
        // It holds no more than a quarter of the memory, so that it is not disconnected for the others.
        try client.write(Self.loads(700))
        try eventually("its replies wait") {
            try shop.daemon.stat("result_bytes") ?? 0 > 1 << 18 && shop.daemon.stat("waiting_requests") == 0
        }
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let other = try shop.daemon.client()
        let text = String(repeating: "y", count: 900_000)
        let long = "{\"load\":\"authors.books\",\"key\":1,\"where\":{\"title\":\"\(text)\"}}"
        for _ in 1...10 { try other.send(long) }
        for _ in 6...10 { #expect(try JSONValue(other.ask()).errorCode == "overloaded") }
        let before = try shop.daemon.stat("requests") ?? 0
        try client.write((701...800).map(Self.load).joined())
        try holder.execute("UNLOCK TABLES")
        for _ in 1...5 { _ = try other.receive() }
        try eventually("the lines are read, though the client reads nothing") {
            try shop.daemon.stat("requests") ?? 0 >= before + 100
                && shop.daemon.stat("waiting_requests") == 0
        }
        #expect(try readAll(800, of: answers, from: client) == 0)
    }

    @Test func `clients that exceed result_bytes together without reading are disconnected one by one`()
        throws
    {
        let limit = 16 << 20
        let (daemon, addresses) = try both("[limits]\nresult_bytes = \(limit)")
        let lines = Array(Self.loads(20_000).utf8)
        var writers = try (1...8).map { _ in (client: try LateReader(addresses[0]), rest: lines[...]) }
        // The clients that have written everything stay connected.
        var (done, greatest) = ([LateReader](), 0)
        try eventually("each client has written everything, or is disconnected", within: .seconds(120)) {
            for index in writers.indices.reversed() {
                guard
                    let count = writers[index].client.writeWithoutBlocking(
                        Array(writers[index].rest.prefix(1 << 16)))
                else {
                    writers.remove(at: index)
                    continue
                }
                writers[index].rest = writers[index].rest.dropFirst(count)
                if writers[index].rest.isEmpty { done.append(writers.remove(at: index).client) }
            }
            greatest = max(greatest, try daemon.stat("result_bytes") ?? 0)
            return writers.isEmpty
        }
        #expect(greatest < 2 * limit, "\(greatest)")
        #expect(try daemon.stat("slow_readers_dropped") ?? 0 > 0)
        try eventually("there is memory for others") {
            try daemon.ask(#"{"load":"authors.books","key":1}"#)["rows"] != nil
        }
        #expect(try daemon.stat("sessions") ?? 0 <= done.count + 1)
    }
}
