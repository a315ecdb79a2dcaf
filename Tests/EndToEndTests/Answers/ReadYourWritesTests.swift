import LineClient
import MariaDB
import PrivateServer
import Synchronization
import TestSupport
import Testing

@Suite struct ReadYourWritesTests {
    private static let rounds = 500
    private static let others = 8

    @Test func `a client sees its committed write in its next load, whatever others are asking`() throws {
        let server = try SharedServer.server
        let database = try SharedServer.freshDatabase(named: "writes")
        try server.client(database: database).executeScript(
            """
            CREATE TABLE shelf (id INT PRIMARY KEY);
            CREATE TABLE item (id INT PRIMARY KEY, shelf_id INT, version INT, FOREIGN KEY (shelf_id) REFERENCES shelf (id));
            INSERT INTO shelf VALUES (1), (2), (3), (4);
            INSERT INTO item VALUES (1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 4, 0);
            """)
        let daemon = try DaemonUnderTest(server, database: database)
        let over = Over()
        let complaints = inParallel(Self.others + 1) { number in
            if number == 0 {
                defer { over.flag.store(true, ordering: .relaxed) }
                return try Self.write(server.client(database: database), daemon.client())
            }
            let client = try daemon.client()
            while !over.flag.load(ordering: .relaxed) {
                let lines = (1...4).map { #"{"id":\#($0),"load":"shelf.item","key":\#($0)}"# + "\n" }
                try client.send(Array(lines.joined().utf8))
                for _ in lines { _ = try client.ask() }
            }
            return []
        }
        #expect(complaints.prefix(10) == [])
    }

    private final class Over: Sendable {
        let flag = Atomic(false)
    }

    private static func write(_ database: BlockingClient, _ client: LineClient) throws -> [String] {
        var complaints: [String] = []
        for version in 1...rounds {
            let id = 1 + version % 4
            try database.execute("UPDATE item SET version = \(version) WHERE id = \(id)")
            let reply = try client.ask(#"{"id":\#(version),"load":"shelf.item","key":\#(id)}"#)
            if try JSONValue(reply)["rows"]?[0]?["version"] != .number("\(version)") {
                complaints.append("wrote \(version), then read \(reply)")
            }
        }
        return complaints
    }
}
