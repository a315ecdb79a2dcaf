import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// Which errors split a batch, and which of them are retryable.
@Suite struct BatchSplittingTests {
    private static let keys = 64
    private static let load =
        "{\"load\":\"authors.books\",\"keys\":[\((1...keys).map(String.init).joined(separator: ","))]}"

    private let proxy: FaultProxy
    private let daemon: DaemonUnderTest

    init() throws {
        let shop = try BookshopFixture()
        proxy = try FaultProxy(to: shop.server, marker: "`books`")
        daemon = try DaemonUnderTest(
            shop.server, database: shop.database,
            databaseAddress: "host = \"127.0.0.1\"\nport = \(proxy.port)")
    }

    /// Returns the error of every key while the server answers with this one only, and the number of splits
    /// and queries.
    private func outcome(of errno: UInt16) throws -> (errors: [JSONValue], splits: Int, queries: Int) {
        let before = (splits: try daemon.stat("splits") ?? 0, queries: proxy.injections)
        proxy.inject(.refuse(errno: errno), at: .answer)
        let reply = try daemon.ask(Self.load)
        let errors =
            reply["error"].map { [$0] } ?? reply["results"]?.elements.compactMap { $0["error"] } ?? []
        #expect(!errors.isEmpty, "\(reply)")
        return (errors, (try daemon.stat("splits") ?? 0) - before.splits, proxy.injections - before.queries)
    }

    /// Error numbers, and whether the error is temporary.
    private static let whole: [(UInt16, Bool)] = [
        (1020, true), (1021, true), (1028, true), (1037, true), (1038, true), (1040, true), (1041, true),
        (1047, true), (1114, true), (1180, true), (1203, true), (1205, true), (1213, true), (1226, true),
        (1290, true), (1317, true), (1412, true), (1615, true), (1637, true), (1689, true), (1969, true),
        (3024, true), (3032, true), (9001, true),
        (126, false), (145, false), (1016, false), (1030, false), (1034, false), (1142, false),
        (1143, false), (1194, false), (1356, false), (1712, false), (1814, false), (1820, false),
        (1877, false), (1932, false),
    ]

    @Test func `an error that no key has caused is not split, and is retryable if it is temporary`() throws {
        for (errno, passes) in Self.whole {
            let (errors, splits, queries) = try outcome(of: errno)
            #expect(splits == 0 && queries == 1, "\(errno): \(splits) splits, \(queries) queries")
            for error in errors.prefix(1) {
                #expect(error["mysql_errno"]?.number == "\(errno)", "\(error)")
                #expect(error["retryable"] == .bool(passes), "\(error)")
            }
        }
    }

    @Test func `a batch with an unknown error is not split down to every key`() throws {
        let (errors, splits, queries) = try outcome(of: 4999)
        #expect(splits > 0 && queries <= 80, "\(splits) splits, \(queries) queries")
        #expect(errors.allSatisfy { $0["mysql_errno"]?.number == "4999" })
    }

    /// Overwrites a file but for its header, which describes the pages.
    private func overwritePages(of path: String) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        let end = try file.seekToEnd()
        try file.seek(toOffset: 1024)
        try file.write(contentsOf: Data(repeating: 0xFF, count: Int(end) - 1024))
        try file.close()
    }

    @Test func `a batch is not split because of a corrupt index`() throws {
        let server = try PrivateServer()
        try server.client().executeScript(
            """
            CREATE DATABASE d; USE d;
            CREATE TABLE a (id INT PRIMARY KEY) ENGINE=MyISAM;
            CREATE TABLE b (id INT PRIMARY KEY, a_id INT, KEY (a_id)) ENGINE=MyISAM;
            INSERT INTO a SELECT seq FROM \(numbers(to: 64));
            INSERT INTO b SELECT seq, 1 + seq % 2000 FROM \(numbers(to: 20_000));
            FLUSH TABLES;
            """)
        let directory = try server.client().strings("SELECT @@datadir").first?[0] ?? ""
        try overwritePages(of: directory + "/d/b.MYI")
        let daemon = try DaemonUnderTest(
            server, database: "d",
            settings: """
                [relationships."a.b"]
                from = "a.id"
                to = "b.a_id"
                kind = "many"
                """)
        let reply = try daemon.ask(#"{"load":"a.b","keys":[11,12,13,14,15,16]}"#)
        let text = SharedServer.kind == .mySQL ? "Incorrect key file" : "corrupt"
        #expect("\(reply)".contains(text), "\(reply)")
        #expect(try daemon.stat("splits") == 0)
    }

    /// One key, and eight keys in different eighths of the batch, so that no part of the first few splits has
    /// rows.
    @Test(arguments: [[42], [3, 11, 19, 27, 35, 43, 51, 59]])
    func `keys that make a query fail are found, and all other keys get their rows`(bad: [Int]) throws {
        let database = try SharedServer.freshDatabase(named: "splitting")
        try SharedServer.server.client(database: database).executeScript(
            """
            CREATE TABLE a (id INT PRIMARY KEY);
            CREATE TABLE base (id INT PRIMARY KEY, a_id INT, KEY (a_id));
            INSERT INTO a SELECT seq FROM \(numbers(to: 64));
            INSERT INTO base SELECT seq, seq FROM \(numbers(to: 64));
            CREATE FUNCTION checked(n INT) RETURNS INT DETERMINISTIC BEGIN
                IF n IN (\(bad.map(String.init).joined(separator: ","))) THEN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 4999; END IF; RETURN n; END;
            """.replacing("BEGIN\n", with: "BEGIN "))
        try SharedServer.server.client(database: database).execute(
            "CREATE VIEW b AS SELECT id, a_id, checked(id) AS n FROM base")
        let daemon = try DaemonUnderTest(
            try SharedServer.server, database: database,
            settings: """
                [relationships."a.b"]
                from = "a.id"
                to = "b.a_id"
                kind = "many"
                """)
        let client = try daemon.client()
        // Splits of one batch do not count against the next.
        for _ in 1...2 {
            // In one write, so that they are in one batch.
            let lines = (1...Self.keys).map { "{\"id\":\($0),\"load\":\"a.b\",\"key\":\($0)}" }
            try client.send(lines.joined(separator: "\n"))
            for _ in 1...Self.keys {
                let reply = try JSONValue(client.receive() ?? "")
                let isRight =
                    bad.contains { reply["id"] == .number("\($0)") }
                    ? reply["error"]?["mysql_errno"]?.number == "4999" : reply["rows"]?.elements.count == 1
                #expect(isRight, "\(reply)")
            }
        }
        #expect(try daemon.stat("splits") ?? 0 > 0)
    }
}
