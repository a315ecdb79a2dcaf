import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Rows that nobody reads, or that are too many, cost an error and no memory.
@Suite struct MemoryTests {
    private let server: PrivateServer
    private static let script = """
        CREATE TABLE a (id INT PRIMARY KEY);
        CREATE TABLE b (id INT PRIMARY KEY, a_id INT NOT NULL, text VARCHAR(1000) NOT NULL, KEY (a_id),
          FOREIGN KEY (a_id) REFERENCES a (id));
        INSERT INTO a SELECT seq FROM seq_1_to_40;
        INSERT INTO b SELECT seq, 1 + seq MOD 40, REPEAT('x', 1000) FROM seq_1_to_20000;
        """

    init() throws {
        server = try PrivateServer()
        try server.client().execute("CREATE DATABASE large")
        try server.client(database: "large").executeScript(Self.script)
    }

    private func daemon(_ limits: String) throws -> DaemonUnderTest {
        try DaemonUnderTest(server, database: "large", settings: "[limits]\n" + limits)
    }

    @Test func `more rows than there is memory for are refused as overloaded, fewer are not`() throws {
        let daemon = try daemon("result_bytes = 4194304")
        let keys = (1...40).map(String.init).joined(separator: ",")
        let refused = try daemon.ask("{\"load\":\"a.b\",\"keys\":[\(keys)]}")
        #expect(refused.errorCode == "overloaded" && refused["error"]?["retryable"] == .bool(true))
        let stats = try daemon.ask(#"{"op":"stats"}"#)["stats"]
        #expect(stats?["errors_by_code"]?["overloaded"]?.number == "1" && stats?["errors"]?.number == "1")
        for key in 1...40 {
            #expect(try daemon.ask("{\"load\":\"a.b\",\"key\":\(key)}")["rows"]?.elements.count == 500)
        }
        try eventually("its rows are forgotten") { try daemon.stat("result_bytes") ?? .max < 1 << 16 }
    }

    @Test(.enabled(if: !Sanitizer.isOn))
    func `many who wait for the same rows do not need more memory than there is`() throws {
        let daemon = try daemon("result_bytes = 33554432")
        let before = try daemon.virtualKilobytes()
        try daemon.limit("as", to: (before + 200 << 10) << 10)
        let holder = try server.client(database: "large")
        try holder.execute("LOCK TABLES b WRITE")
        let clients = try (1...64).map { _ in try daemon.client() }
        // 5 MB each.
        for client in clients {
            try client.send(#"{"id":1,"load":"a.b","keys":[1,2,3,4,5,6,7,8,9,10]}"#)
        }
        try eventually("all wait") { try daemon.stat("waiting_requests") == 64 }
        try holder.execute("UNLOCK TABLES")
        // How many have their rows depends on how soon the others read theirs.
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
        try eventually("its rows are forgotten") { try daemon.stat("result_bytes") ?? .max < 1 << 16 }
        #expect(try daemon.ask(#"{"load":"a.b","key":1}"#)["rows"]?.elements.count == 500)
    }

    @Test(arguments: [
        ("send_timeout_s = 1", "limits.send_timeout_s = 1"),
        ("client_output_bytes = 2097152\nreply_bytes = 2097152", "limits.client_output_bytes = 2097152"),
    ]) func `a client that never reads is disconnected, and its replies are forgotten`(
        limits: String, bound: String
    ) throws {
        let daemon = try daemon(limits)
        let deaf = try daemon.client()
        let lines = (1...20).map { #"{"id":\#($0),"load":"a.b","key":\#($0)}"# + "\n" }
        try deaf.send(Array(lines.joined().utf8))
        try eventually("it is gone", within: .seconds(20)) { try daemon.stat("sessions") == 1 }
        try eventually("its replies are forgotten") { try daemon.stat("result_bytes") ?? .max < 1 << 16 }
        #expect(try daemon.stat("slow_readers_dropped") == 1)
        try daemon.waitForLog("a client does not read its replies and was disconnected")
        try daemon.waitForLog(bound)
        #expect(try daemon.ask(#"{"load":"a.b","key":1}"#)["rows"]?.elements.count == 500)
    }
}
