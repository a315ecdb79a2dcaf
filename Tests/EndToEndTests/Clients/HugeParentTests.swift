import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// One parent has more rows than a reply may have; the others in its batch are answered.
@Suite struct HugeParentTests {
    private static let script = """
        CREATE TABLE a (id INT PRIMARY KEY);
        CREATE TABLE b (id INT PRIMARY KEY, a_id INT NOT NULL, text VARCHAR(100) NOT NULL, KEY (a_id),
          FOREIGN KEY (a_id) REFERENCES a (id));
        INSERT INTO a SELECT seq FROM \(numbers(to: 20));
        INSERT INTO b SELECT seq, IF(seq <= 400000, 7, seq MOD 7), REPEAT('x', 100) FROM \(numbers(to: 400_020))
          WHERE seq <= 400000 OR seq MOD 7 > 0;
        """

    @Test
    func
        `a parent with too many rows is refused, the others in its batch are answered, and memory stays flat`()
        throws
    {
        let server = try PrivateServer()
        try server.client().execute("CREATE DATABASE huge")
        let client = try server.client(database: "huge")
        try client.executeScript(Self.script)
        let daemon = try DaemonUnderTest(
            server, database: "huge", settings: "[limits]\nreply_bytes = 1048576")
        try client.execute("LOCK TABLES b WRITE")
        let first = try daemon.client()
        try first.send(#"{"id":0,"load":"a.b","key":9}"#)
        try eventually("a query waits") { try daemon.stat("in_flight") == 1 }
        let others = try (1...8).map { number in
            let other = try daemon.client()
            try other.send("{\"id\":\(number),\"load\":\"a.b\",\"key\":\(number)}")
            return other
        }
        try eventually("all requests wait") { try daemon.stat("waiting_requests") == 9 }
        let before = try daemon.residentKilobytes()
        try client.execute("UNLOCK TABLES")
        #expect(try JSONValue(first.receive() ?? "")["rows"]?.elements.isEmpty == true)
        for (index, other) in others.enumerated() {
            let reply = try JSONValue(other.receive() ?? "")
            if index + 1 == 7 {
                #expect(reply.errorCode == "result_too_large")
            } else {
                let expected = try client.strings("SELECT id FROM b WHERE a_id = \(index + 1) ORDER BY id")
                #expect(reply.rowIDs == expected.compactMap { $0[0] })
            }
        }
        #expect(try daemon.stat("kills") ?? 0 > 0, "the rest of its rows is not read")
        #expect(try Sanitizer.isOn || daemon.residentKilobytes() - before < 16 << 10)
    }

}
