import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Tables, columns and keys that are served are removed or changed, and restored.
@Suite struct SchemaFaultTests {
    private static let script = """
        CREATE TABLE a (id INT PRIMARY KEY);
        CREATE TABLE b (id INT PRIMARY KEY, a_id INT, code INT, tone INT, FOREIGN KEY fk (a_id) REFERENCES a (id));
        INSERT INTO a VALUES (1), (2);
        INSERT INTO b VALUES (1, 1, 7, 70), (2, 1, 8, 80), (3, 2, 9, 90);
        """

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let back: String
        /// The rows that may be shown between the change and its reversal.
        let rows: [String]

        init(_ away: String, back: String, shows rows: String...) {
            (testDescription, self.back, self.rows) = (away, back, rows)
        }
    }

    private static let rows = #"[{"id":1,"a_id":1,"code":7,"tone":70},{"id":2,"a_id":1,"code":8,"tone":80}]"#
    private static let foreignKey = "CONSTRAINT fk FOREIGN KEY (a_id) REFERENCES a (id)"
    private static let swapTables = "RENAME TABLE a TO c, b TO a, c TO b"
    private static let swapColumns = "ALTER TABLE b RENAME COLUMN code TO tone, RENAME COLUMN tone TO code"

    private static let changes = [
        Change("DROP TABLE b", back: "DROP TABLE a; " + script),
        Change("RENAME TABLE b TO c", back: "RENAME TABLE c TO b"),
        Change(swapTables, back: swapTables),
        Change(
            "ALTER TABLE a RENAME COLUMN id TO di", back: "ALTER TABLE a RENAME COLUMN di TO id", shows: rows),
        Change(
            "ALTER TABLE b RENAME COLUMN a_id TO x_id", back: "ALTER TABLE b RENAME COLUMN x_id TO a_id",
            shows: rows.replacing("a_id", with: "x_id")),
        Change(
            "ALTER TABLE b DROP COLUMN code", back: "DROP TABLE b, a; " + script,
            shows: #"[{"id":1,"a_id":1,"tone":70},{"id":2,"a_id":1,"tone":80}]"#),
        Change(
            swapColumns, back: swapColumns,
            shows: #"[{"id":1,"a_id":1,"tone":7,"code":70},{"id":2,"a_id":1,"tone":8,"code":80}]"#,
            #"[{"id":1,"a_id":1,"code":70,"tone":7},{"id":2,"a_id":1,"code":80,"tone":8}]"#),
        Change("ALTER TABLE b DROP FOREIGN KEY fk", back: "ALTER TABLE b ADD " + foreignKey, shows: rows),
        Change(
            "ALTER TABLE b MODIFY code BIGINT UNSIGNED", back: "ALTER TABLE b MODIFY code INT", shows: rows),
    ]
    private static let codes: Set<String> = [
        "database_unavailable", "database_error", "unknown_relationship", "unknown_column",
    ]

    /// `é` as U+00E9, and as `e` with U+0301.
    @Test func `names that differ only in Unicode normalization are not served, and the log says so`() throws
    {
        let database = try SharedServer.freshDatabase(named: "twins")
        try SharedServer.server.client(database: database).executeScript(
            """
            CREATE TABLE a (id INT PRIMARY KEY);
            CREATE TABLE b (id INT PRIMARY KEY, `\u{E9}` INT, a_id INT REFERENCES a (id), `e\u{301}` INT);
            CREATE TABLE `t\u{E9}` (id INT PRIMARY KEY, a_id INT REFERENCES a (id));
            CREATE TABLE `te\u{301}` (id INT PRIMARY KEY, x INT, a_id INT REFERENCES a (id));
            INSERT INTO a VALUES (1);
            INSERT INTO b VALUES (2, 3, 1, 4);
            """)
        let daemon = try DaemonUnderTest(SharedServer.server, database: database)
        let reply = try daemon.client().ask(#"{"load":"a.b","key":1}"#)
        #expect(reply == #"{"rows":[{"id":2,"a_id":1}]}"#)
        #expect(try daemon.ask("{\"load\":\"a.t\u{E9}\",\"key\":1}").errorCode == "unknown_relationship")
        let warning =
            "left out, because several are one name in different Unicode normalizations: 'b.\u{E9}', 't\u{E9}'"
        #expect(daemon.log.contains(warning), "\(daemon.log)")
        let check = try DaemonUnderTest.run(["check", "--config", daemon.configPath])
        #expect(check.output.contains("warning: " + warning) && check.status == 0, "\(check.output)")
    }

    @Test(arguments: changes)
    func `after a schema change loads get an error or the new rows, and the old ones when it is reverted`(
        _ change: Change
    ) throws {
        let database = try SharedServer.freshDatabase(named: "fault")
        let client = try SharedServer.server.client(database: database)
        try client.executeScript(Self.script)
        let daemon = try DaemonUnderTest(
            SharedServer.server, database: database, settings: "[catalog]\nrefresh_s = 1")
        let connection = try daemon.client()
        func replies() throws -> [JSONValue] {
            try Self.shapes.map { try JSONValue(connection.ask("{\"load\":\"a.b\",\"key\":1\($0)}")) }
        }
        func isWhole() throws -> Bool { try replies().map(\.description) == Self.wholeReplies }
        func catalogs() -> Int { daemon.log.ranges(of: "catalog read").count }
        #expect(try isWhole())
        let before = catalogs()
        try client.executeScript(change.testDescription)
        let allowed = try change.rows.map { try JSONValue($0) }
        try eventually("the daemon has seen the change") {
            let hasSeen = catalogs() > before
            for reply in try replies() {
                let isError = Self.codes.contains(reply.errorCode ?? "")
                let isNow = reply["rows"].map(allowed.contains) ?? (reply["count"] == .number("2"))
                #expect(isError || isNow, "\(reply)")
            }
            return hasSeen
        }
        try client.executeScript(change.back)
        try eventually("all is served again") { try isWhole() }
    }

    private static let shapes = [
        "", #","limit":9"#, #","columns":["id","a_id","code","tone"]"#, #","count":true"#,
    ]
    private static let wholeReplies = Array(repeating: "{\"rows\":\(rows)}", count: 3) + [#"{"count":2}"#]
}
