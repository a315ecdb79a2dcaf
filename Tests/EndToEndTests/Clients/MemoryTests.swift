import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Too many rows, and replies that nobody reads, cost an error and no memory.
@Suite struct MemoryTests {
    private let server: PrivateServer
    private static let script = """
        CREATE TABLE a (id INT PRIMARY KEY);
        CREATE TABLE b (id INT PRIMARY KEY, a_id INT NOT NULL, text VARCHAR(1000) NOT NULL, KEY (a_id),
          FOREIGN KEY (a_id) REFERENCES a (id));
        INSERT INTO a SELECT seq FROM \(numbers(to: 40));
        INSERT INTO b SELECT seq, 1 + seq MOD 40, REPEAT('x', 1000) FROM \(numbers(to: 20_000));
        """

    init() throws {
        server = try PrivateServer()
        try server.client().execute("CREATE DATABASE large")
        try server.client(database: "large").executeScript(Self.script)
    }

    private func daemon(_ limits: String) throws -> DaemonUnderTest {
        try DaemonUnderTest(server, database: "large", settings: "[limits]\n" + limits)
    }

    @Test func `rows beyond limits.result_bytes are refused as overloaded, fewer are answered`() throws {
        let daemon = try daemon("result_bytes = 4194304")
        let keys = (1...40).map(String.init).joined(separator: ",")
        let refused = try daemon.ask("{\"load\":\"a.b\",\"keys\":[\(keys)]}")
        #expect(refused.errorCode == "overloaded" && refused["error"]?["retryable"] == .bool(true))
        let stats = try daemon.ask(#"{"op":"stats"}"#)["stats"]
        #expect(stats?["errors_by_code"]?["overloaded"]?.number == "1" && stats?["errors"]?.number == "1")
        for key in 1...40 {
            #expect(try daemon.ask("{\"load\":\"a.b\",\"key\":\(key)}")["rows"]?.elements.count == 500)
        }
        try eventually("the memory of the rows is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn))
    func `many clients that wait for the same long rows stay within the memory limit`() throws {
        let daemon = try daemon("result_bytes = 33554432")
        let before = try daemon.virtualKilobytes()
        try daemon.limit("as", to: (before + 200 << 10) << 10)
        let holder = try server.client(database: "large")
        try holder.execute("LOCK TABLES b WRITE")
        let clients = try (1...64).map { _ in try daemon.client() }
        // Each reply has 5 MB.
        for client in clients {
            try client.send(#"{"id":1,"load":"a.b","keys":[1,2,3,4,5,6,7,8,9,10]}"#)
        }
        try eventually("all requests wait") { try daemon.stat("waiting_requests") == 64 }
        try holder.execute("UNLOCK TABLES")
        // How many get their rows depends on how soon the others read theirs.
        var whole = 0
        for client in clients {
            let line = try client.receiveBytes() ?? []
            if line.count > 5_000_000 {
                whole += 1
                continue
            }
            let reply = try JSONValue(String(decoding: line, as: UTF8.self))
            #expect(reply.errorCode == "overloaded" && reply["id"] == .number("1"), "\(reply)")
        }
        #expect(whole > 0)
        try eventually("the memory of the rows is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
        #expect(try daemon.ask(#"{"load":"a.b","key":1}"#)["rows"]?.elements.count == 500)
    }

    @Test func `a client that never reads is disconnected, and the memory of its replies is freed`() throws {
        let daemon = try daemon("send_timeout_s = 1")
        let deaf = try daemon.client()
        try send(loads: 20, of: 1, to: deaf)
        try eventually("the client is disconnected") { try daemon.stat("sessions") == 1 }
        try eventually("the memory of its replies is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
        #expect(try daemon.stat("slow_readers_dropped") == 1)
        try daemon.waitForLog("a client does not read its replies and was disconnected")
        try daemon.waitForLog("limits.send_timeout_s = 1")
        #expect(try daemon.ask(#"{"load":"a.b","key":1}"#)["rows"]?.elements.count == 500)
    }

    @Test func `a client that reads a little now and then is disconnected as one that does not read`() throws
    {
        let daemon = try daemon("send_timeout_s = 1")
        let descriptor = try UnixSocket.connect(daemon.socketPath)
        defer { close(descriptor) }
        let lines = String(repeating: "{\"load\":\"a.b\",\"key\":1}\n", count: 20)
        #expect(UnixSocket.send(Array(lines.utf8)[...], to: descriptor))
        var chunk = [UInt8](repeating: 0, count: 1 << 15)
        try eventually("the client is disconnected") {
            // Far less than the MiB a second that a reader must take.
            usleep(50_000)
            let isClosed = recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT)) == 0
            return try daemon.stat("slow_readers_dropped") == 1 || isClosed
        }
        try daemon.waitForLog("limits.send_timeout_s = 1")
        try eventually("the memory of its replies is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
    }

    @Test
    func `when clients that do not read hold all memory, the one that holds most is disconnected`()
        throws
    {
        let daemon = try daemon("result_bytes = 8388608")
        let modest = try daemon.client()
        try send(loads: 1, of: 1, to: modest)
        try eventually("its reply waits") { try daemon.stat("result_bytes") ?? 0 > 1 << 18 }
        let greedy = try daemon.client()
        // One load after the other: while rows arrive, the memory depends on the number of queries.
        while try daemon.stat("result_bytes") ?? 0 < 6_600_000 {
            let before = try daemon.stat("keys_asked") ?? 0
            try greedy.send(#"{"load":"a.b","key":1}"#)
            try eventually("it waits to be read") {
                try daemon.stat("keys_asked") ?? 0 > before && daemon.stat("in_flight") == 0
            }
        }
        // This needs two megabytes more than are free.
        let large = #"{"load":"a.b","keys":[1,2,3,4]}"#
        #expect(try daemon.ask(large).errorCode == "overloaded")
        try eventually("others are served, because the greedy client is disconnected") {
            try daemon.ask(large)["results"]?.elements.count == 4 && daemon.stat("slow_readers_dropped") == 1
        }
        try daemon.waitForLog("limits.result_bytes = 8388608")
        #expect(try wholeReplies(1, of: 1, to: modest).values.allSatisfy { $0 })
    }

    /// Sends loads; their replies have 500,000 bytes for each key.
    private func send(loads: Int, of keys: Int, to client: LineClient) throws {
        let list = (1...keys).map(String.init).joined(separator: ",")
        let lines = (1...loads).map { "{\"id\":\($0),\"load\":\"a.b\",\"keys\":[\(list)]}\n" }
        try client.send(Array(lines.joined().utf8))
    }

    /// Reads so many replies. Returns by id whether a reply had the rows, or was refused as overloaded.
    private func wholeReplies(_ count: Int, of keys: Int, to client: LineClient) throws -> [String: Bool] {
        var found: [String: Bool] = [:]
        for _ in 1...count {
            let line = try client.receiveBytes() ?? []
            let reply = try JSONValue(String(decoding: line, as: UTF8.self))
            let id = reply["id"]?.number ?? "none"
            #expect(found[id] == nil, "two replies to \(id)")
            let rows = reply["results"]?.elements.map(\.elements.count)
            #expect(rows == Array(repeating: 500, count: keys) || reply.errorCode == "overloaded", "\(id)")
            found[id] = rows != nil
        }
        return found
    }

    @Test func `a client that asks for far more than it reads gets every reply when it reads`() throws {
        let daemon = try daemon("")
        let late = try daemon.client()
        try send(loads: 12, of: 10, to: late)
        try eventually("all loads have their rows") {
            try daemon.stat("requests") ?? 0 >= 12 && daemon.stat("in_flight") == 0
                && daemon.stat("waiting_requests") ?? 0 > 5
        }
        let replies = try wholeReplies(12, of: 10, to: late)
        #expect(replies.count == 12 && replies.values.allSatisfy { $0 })
        try eventually("the memory of the replies is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
    }

    @Test func `replies beyond client_output_bytes are refused as overloaded, and those that fit are sent`()
        throws
    {
        let daemon = try daemon("client_output_bytes = 20000000\nreply_bytes = 6000000")
        let late = try daemon.client()
        try send(loads: 12, of: 10, to: late)
        try eventually("some loads are refused") {
            try daemon.ask(#"{"op":"stats"}"#)["stats"]?["errors_by_code"]?["overloaded"] != nil
        }
        let replies = try wholeReplies(12, of: 10, to: late).values
        #expect(replies.count { $0 } >= 3 && replies.contains(false), "\(replies)")
        try send(loads: 1, of: 10, to: late)
        #expect(try wholeReplies(1, of: 10, to: late)["1"] == true)
    }

    @Test func `replies that wait to be read outlive request_timeout_s, but not the load's own timeout_ms`()
        throws
    {
        // Long enough for a few megabytes on a busy machine.
        let daemon = try daemon("request_timeout_s = 8")
        let late = try daemon.client()
        try send(loads: 12, of: 1, to: late)
        try late.send(#"{"id":"own","load":"a.b","keys":[1],"timeout_ms":7000}"#)
        try eventually("all loads have their rows, and one has timed out") {
            try daemon.stat("in_flight") == 0 && daemon.stat("waiting_requests") ?? 0 > 5
                && daemon.ask(#"{"op":"stats"}"#)["stats"]?["errors_by_code"]?["timeout"] == .number("1")
        }
        // Another client waits as long as request_timeout_s.
        let holder = try server.client(database: "large")
        try holder.execute("LOCK TABLES b WRITE")
        #expect(try daemon.ask(#"{"load":"a.b","key":1}"#).errorCode == "timeout")
        try holder.execute("UNLOCK TABLES")
        var whole = 0
        for _ in 1...13 {
            let reply = try JSONValue(String(decoding: late.receiveBytes() ?? [], as: UTF8.self))
            if reply["id"] == .string("own") {
                let message = "the replies before this one were not read within its timeout_ms"
                #expect(reply["error"]?["message"] == .string(message), "\(reply)")
            } else if reply["results"]?.elements.count == 1 {
                whole += 1
            }
        }
        #expect(whole == 12)
    }

    @Test func `the memory of a reply that is cancelled while it waits to be read is freed at once`() throws {
        let daemon = try daemon("")
        let late = try daemon.client()
        try send(loads: 12, of: 10, to: late)
        try eventually("all loads have their rows") {
            try daemon.stat("in_flight") == 0 && daemon.stat("waiting_requests") ?? 0 > 5
        }
        let cancels = (1...12).map { #"{"id":\#($0),"op":"cancel","target":\#($0)}"# }.joined(separator: "\n")
        let waiting = try daemon.stat("waiting_requests") ?? 0
        var (whole, cancelled, answered) = (0, 0, 0)
        try late.send(cancels)
        for _ in 1...24 {
            let reply = try JSONValue(String(decoding: late.receiveBytes() ?? [], as: UTF8.self))
            if reply["results"] != nil { whole += 1 }
            if reply.errorCode == "cancelled" { cancelled += 1 }
            if reply["cancelled"] != nil { answered += 1 }
        }
        #expect(whole + cancelled == 12 && answered == 12 && whole >= 12 - waiting, "\(whole), \(cancelled)")
        try eventually("the memory of the replies is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
        try send(loads: 1, of: 10, to: late)
        #expect(try wholeReplies(1, of: 10, to: late)["1"] == true)
    }

    @Test func `requests with ever new filters leave no memory behind, with or without a query`()
        throws
    {
        let daemon = try daemon("")
        let client = try daemon.client()
        for key in ["null", "1"] {
            for number in 1...10_000 {
                try client.send(
                    "{\"load\":\"a.b\",\"key\":\(key),\"where\":{\"id\":{\"gt\":\(100_000 + number)}}}")
                if number % 100 == 0 {
                    for _ in 1...100 { #expect(try client.receive() == #"{"rows":[]}"#) }
                }
            }
            #expect(try daemon.stat("routes") ?? .max < 5000)
        }
    }

    /// Returns a long request, most of which is a filter that no row satisfies.
    private static let longLine =
        "{\"load\":\"a.b\",\"key\":1,\"where\":{\"text\":\"\(String(repeating: "y", count: 900_000))\"}}"

    @Test func `waiting requests stay within the memory limit`() throws {
        let daemon = try daemon("result_bytes = 4194304")
        let holder = try server.client(database: "large")
        try holder.execute("LOCK TABLES b WRITE")
        let client = try daemon.client()
        for _ in 1...10 { try client.send(Self.longLine) }
        // A request that is refused before all of it is read has no id.
        for _ in 6...10 { #expect(try JSONValue(client.ask()).errorCode == "overloaded") }
        let waiting = try daemon.stat("waiting_requests") ?? 0
        #expect((3...5).contains(waiting))
        try holder.execute("UNLOCK TABLES")
        let replies = try (1...5).map { _ in try JSONValue(client.ask()) }
        #expect(replies.count { $0["rows"]?.elements == [] } == waiting)
        try eventually("the memory of the replies is freed") {
            try daemon.stat("result_bytes") ?? .max < 1 << 16
        }
    }

    @Test func `an unfinished line is read even when waiting requests have used up the memory`() throws {
        let daemon = try daemon("result_bytes = 4194304")
        let holder = try server.client(database: "large")
        try holder.execute("LOCK TABLES b WRITE")
        let client = try daemon.client()
        for _ in 1...6 { try client.send(Self.longLine) }
        #expect(try JSONValue(client.ask()).errorCode == "overloaded")
        let other = try daemon.client()
        try other.send(Array(Self.longLine.utf8.prefix(800_000)))
        let reply = try JSONValue(other.ask())
        #expect(reply.errorCode == "overloaded" && reply["id"] == nil, "\(reply)")
        try other.send(#""}}"#)
        #expect(try JSONValue(other.ask(#"{"op":"ping"}"#))["pong"] == .bool(true))
        try holder.execute("UNLOCK TABLES")
        let replies = try (1...5).map { _ in try JSONValue(client.ask()) }
        #expect(replies.count { $0["rows"]?.elements == [] } >= 3)
    }

    @Test func `clients that have sent the beginning of a line hold little more memory than that`() throws {
        let daemon = try daemon("result_bytes = 4194304")
        let asker = try daemon.client()
        let slow = try (1...100).map { _ in try daemon.client() }
        for part in [#"{"op""#, ":", #""ping""#] {
            for client in slow { try client.send(Array(part.utf8)) }
            // By the time this is answered, most of what was sent before it has been received.
            #expect(try JSONValue(asker.ask(#"{"op":"ping"}"#))["pong"] == .bool(true))
        }
        #expect(try daemon.stat("result_bytes") ?? .max < 1 << 16)
        #expect(try JSONValue(asker.ask(#"{"load":"a.b","key":1}"#))["rows"]?.elements.count == 500)
        for client in slow {
            try client.send("}")
            #expect(try JSONValue(client.ask())["pong"] == .bool(true))
        }
    }
}
