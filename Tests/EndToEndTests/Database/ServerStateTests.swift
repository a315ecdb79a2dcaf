import Foundation
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// A server accepts logins and answers no query, or not those that are needed; alone, and with a healthy one
/// beside it. Each has its own name in its rows, which shows which one has answered.
@Suite struct ServerStateTests {
    private static let load = #"{"load":"children.parent","key":1}"#
    private static let toys = #"{"load":"parents.toys","key":1}"#
    /// A Galera node that is not ready, `--read-only` and the like, the account's hourly limit, MySQL's
    /// offline mode, ProxySQL without a server.
    private static let refusals: [UInt16] = [1047, 1290, 1226, 3032, 9001]
    private let servers: [PrivateServer]

    init() throws {
        servers = try ["first", "second"].map { name in
            // MySQL counts an account's connections in its performance schema.
            let server = try PrivateServer(
                arguments: SharedServer.kind == .mySQL ? ["--performance-schema=ON"] : [])
            try server.client().executeScript(
                """
                CREATE DATABASE d; USE d;
                CREATE TABLE parents (id INT PRIMARY KEY, server VARCHAR(9));
                CREATE TABLE children (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES parents (id));
                CREATE TABLE toys (id INT PRIMARY KEY, parent_id INT, server VARCHAR(9),
                    FOREIGN KEY (parent_id) REFERENCES parents (id));
                INSERT INTO parents VALUES (1, '\(name)');
                INSERT INTO children VALUES (1, 1);
                INSERT INTO toys VALUES (1, 1, '\(name)');
                CREATE USER kindred; GRANT SELECT ON d.* TO kindred;
                """)
            return server
        }
    }

    private func daemon(
        _ addresses: [String]? = nil, checkInterval: Int = 1, settings: String = ""
    ) throws -> DaemonUnderTest {
        let list = (addresses ?? servers.map(\.socketPath)).map { "\"\($0)\"" }.joined(separator: ", ")
        return try DaemonUnderTest(
            servers[0], database: "d", settings: settings,
            databaseAddress:
                "servers = [\(list)]\ncheck_interval_s = \(checkInterval)\nconnect_timeout_s = 5",
            user: "kindred")
    }

    private func address(_ proxy: FaultProxy) -> String { "127.0.0.1:\(proxy.port)" }

    private func expectAnswers(from name: String, by daemon: DaemonUnderTest) throws {
        try eventually("the \(name) server answers", within: .seconds(60)) {
            try daemon.ask(Self.load)["row"]?["server"]?.text == name && daemon.stat("connections") == 4
        }
    }

    private func states(_ daemon: DaemonUnderTest) throws -> [String?] {
        (try daemon.ask(#"{"op":"stats"}"#)["stats"]?["servers"]?.members ?? []).map(\.value.text)
    }

    /// Waits for so many more health checks of each server; each makes a new connection.
    private func waitForHealthChecks(_ count: Int) throws {
        let before = try servers.map(connectionsEver)
        try eventually("both servers have been checked", within: .seconds(60)) {
            try zip(servers, before).allSatisfy { try connectionsEver($0) - $1 >= count }
        }
    }

    /// Counted by account, so that the test's own connections do not count.
    private func connectionsEver(_ server: PrivateServer) throws -> Int {
        let table =
            SharedServer.kind == .mySQL
            ? "performance_schema.accounts" : "information_schema.USER_STATISTICS"
        let rows = try server.client().strings(
            "SELECT SUM(TOTAL_CONNECTIONS) FROM \(table) WHERE USER = 'kindred'")
        return rows.first?[0].flatMap { Int($0) } ?? 0
    }

    private func countConnections() throws {
        guard SharedServer.kind == .mariaDB else { return }
        for server in servers { try server.client().execute("SET GLOBAL userstat = 1") }
    }

    // MARK: Servers that refuse every query

    @Test(arguments: refusals)
    func `a server that refuses every query is abandoned at once, and its queries are sent to the other`(
        _ errno: UInt16
    ) throws {
        let proxy = try FaultProxy(to: servers[0], marker: "FROM")
        let daemon = try daemon([address(proxy), servers[1].socketPath], checkInterval: 60)
        try expectAnswers(from: "first", by: daemon)
        try eventually("both servers are known to be healthy") { try states(daemon) == ["active", "well"] }
        proxy.inject(.refuse(errno: errno), at: .answer)
        for _ in 1...50 {
            let reply = try daemon.ask(Self.load)
            #expect(reply["row"]?["server"]?.text == "second", "\(reply)")
        }
        #expect(proxy.injections <= 4, "it was sent no more queries")
        #expect(try daemon.stat("server_changes") == 1)
        #expect(try states(daemon) == ["unwell", "active"])
        try daemon.waitForLog("is not usable: \(errno)")
    }

    @Test
    func `health checks find a server that refuses every query, and return to it when it answers again`()
        throws
    {
        let proxy = try FaultProxy(to: servers[0], marker: "FROM")
        proxy.inject(.refuse(errno: 1047), at: .answer)
        // Not even the schema can be read.
        let daemon = try daemon([address(proxy), servers[1].socketPath])
        try eventually("the server is abandoned without a load") {
            try states(daemon) == ["unwell", "active"]
        }
        try expectAnswers(from: "second", by: daemon)
        proxy.passEverything()
        try expectAnswers(from: "first", by: daemon)
        proxy.inject(.refuse(errno: 1047), at: .answer)
        try eventually("the server is abandoned again without a load") {
            try states(daemon) == ["unwell", "active"]
        }
        #expect(try daemon.ask(Self.load)["row"]?["server"]?.text == "second")
    }

    @Test func `a server that accepts logins and closes the connection on every query is abandoned`() throws {
        let proxy = try FaultProxy(to: servers[0], marker: "FROM")
        let daemon = try daemon([address(proxy), servers[1].socketPath])
        try expectAnswers(from: "first", by: daemon)
        proxy.inject(.close, at: .answer)
        try eventually("the server is abandoned without a load") {
            try states(daemon) == ["unwell", "active"]
        }
        for _ in 1...20 { #expect(try daemon.ask(Self.load)["row"]?["server"]?.text == "second") }
        proxy.passEverything()
        try expectAnswers(from: "first", by: daemon)
    }

    @Test
    func `when every server refuses queries, loads get retryable errors, and the first to recover answers`()
        throws
    {
        try countConnections()
        let proxies = try servers.map { try FaultProxy(to: $0, marker: "FROM") }
        let daemon = try daemon(proxies.map(address))
        try expectAnswers(from: "first", by: daemon)
        for proxy in proxies { proxy.inject(.refuse(errno: 1047), at: .answer) }
        try eventually("loads are refused") {
            try daemon.ask(Self.load)["error"]?["mysql_errno"]?.number == "1047"
        }
        let changes = try daemon.stat("server_changes") ?? 0
        #expect(changes <= 1)
        for _ in 1...20 {
            let error = try daemon.ask(Self.load)["error"]
            #expect(
                error?["mysql_errno"]?.number == "1047" && error?["retryable"] == .bool(true),
                "\(error ?? .null)")
        }
        try waitForHealthChecks(4)
        #expect(try daemon.stat("server_changes") == changes, "neither is better than the other")
        proxies[1].passEverything()
        try expectAnswers(from: "second", by: daemon)
        proxies[0].passEverything()
        try expectAnswers(from: "first", by: daemon)
    }

    @Test func `loads go to the other server when the account's hourly limit is reached`() throws {
        try servers[0].client().execute("ALTER USER kindred WITH MAX_QUERIES_PER_HOUR 100")
        let daemon = try daemon(checkInterval: 2)
        try expectAnswers(from: "first", by: daemon)
        for _ in 1...150 { #expect(try daemon.ask(Self.load)["row"] != nil) }
        #expect(try daemon.ask(Self.load)["row"]?["server"]?.text == "second")
        try servers[0].client().execute("FLUSH USER_RESOURCES")
        try expectAnswers(from: "first", by: daemon)
    }

    // MARK: Servers that lack a table or a privilege

    struct Loss: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let away: [String]
        let back: [String]
    }

    private static let losses = [
        Loss(
            testDescription: "the account may not read a table any more",
            away: [
                "REVOKE SELECT ON d.* FROM kindred", "GRANT SELECT ON d.parents TO kindred",
                "GRANT SELECT ON d.children TO kindred",
            ],
            back: ["GRANT SELECT ON d.* TO kindred"]),
        Loss(
            testDescription: "the account may not read a column any more",
            away: [
                "REVOKE SELECT ON d.* FROM kindred", "GRANT SELECT ON d.parents TO kindred",
                "GRANT SELECT ON d.children TO kindred", "GRANT SELECT (id, parent_id) ON d.toys TO kindred",
            ], back: ["GRANT SELECT ON d.* TO kindred"]),
        Loss(
            testDescription: "a table has lost its rows' file",
            away: ["ALTER TABLE d.toys DISCARD TABLESPACE"],
            back: [
                "DROP TABLE d.toys",
                "CREATE TABLE d.toys (id INT PRIMARY KEY, parent_id INT, server VARCHAR(9), FOREIGN KEY (parent_id) REFERENCES d.parents (id))",
                "INSERT INTO d.toys VALUES (1, 1, 'first')",
            ]),
        Loss(
            testDescription: "a table is not there", away: ["RENAME TABLE d.toys TO d.away"],
            back: ["RENAME TABLE d.away TO d.toys"]),
    ]

    @Test(arguments: losses)
    func `a server that cannot read a table that another can is not used until it can`(_ loss: Loss) throws {
        let daemon = try daemon(settings: "[catalog]\nrefresh_s = 0")
        try expectAnswers(from: "first", by: daemon)
        #expect(try daemon.ask(Self.toys)["rows"]?.elements.first?["server"]?.text == "first")
        let client = try servers[0].client()
        for sql in loss.away { try client.execute(sql) }
        // A connection keeps the privileges that it had when it chose its database.
        try client.killConnections("USER = 'kindred'")
        try eventually("the other one answers", within: .seconds(60)) {
            try daemon.ask(Self.toys)["rows"]?.elements.first?["server"]?.text == "second"
        }
        #expect(try daemon.ask(Self.load)["row"]?["server"]?.text == "second")
        for sql in loss.back { try client.execute(sql) }
        try expectAnswers(from: "first", by: daemon)
        #expect(try daemon.ask(Self.toys)["rows"]?.elements.first?["server"]?.text == "first")
        #expect(try daemon.stat("server_changes") == 2)
    }

    @Test func `a preferred server without tables is not used until it has them`() throws {
        let client = try servers[0].client()
        try client.executeScript("CREATE DATABASE full; USE d; SET foreign_key_checks = 0;")
        let tables = ["parents", "children", "toys"]
        func move(_ from: String, _ to: String) throws {
            let moves = tables.map { "\(from).\($0) TO \(to).\($0)" }
            try client.execute("RENAME TABLE \(moves.joined(separator: ", "))")
        }
        try move("d", "full")
        let daemon = try daemon()
        try expectAnswers(from: "second", by: daemon)
        try daemon.waitForLog("is passed over: its database has no tables")
        let check = try DaemonUnderTest.run(["check", "--config", daemon.configPath])
        #expect(check.output.contains("server \(servers[0].socketPath)"), "\(check.output)")
        try move("full", "d")
        try expectAnswers(from: "first", by: daemon)
    }

    @Test
    func
        `check, introspect and explain ask the server that a daemon would use, not one that refuses every query`()
        throws
    {
        let proxy = try FaultProxy(to: servers[0], marker: "SELECT")
        let daemon = try daemon([servers[1].socketPath])
        proxy.inject(.refuse(errno: 1047), at: .answer)
        let list = "servers = [\"\(address(proxy))\", \"\(servers[1].socketPath)\"]"
        let text = try String(contentsOfFile: daemon.configPath, encoding: .utf8)
            .replacing("servers = [\"\(servers[1].socketPath)\"]", with: list)
        try text.write(toFile: daemon.configPath, atomically: true, encoding: .utf8)
        for command in [["check"], ["introspect"], ["explain", Self.load]] {
            let outcome = try DaemonUnderTest.run(
                [command[0], "--config", daemon.configPath] + command.dropFirst())
            #expect(outcome.status == 0, "\(command): \(outcome.output)")
        }
    }

    @Test func `the status says that the database accepts logins and answers no query`() throws {
        let proxy = try FaultProxy(to: servers[0], marker: "SELECT")
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotifySocket(directory + "/notify")
        func expect(_ status: String) throws {
            try eventually("the status says '\(status)'") { manager.status?.contains(status) == true }
        }
        let daemon = try DaemonUnderTest(
            servers[0], database: "d", databaseAddress: "host = \"127.0.0.1\"\nport = \(proxy.port)",
            user: "kindred",
            environment: ["NOTIFY_SOCKET": directory + "/notify"])
        try expect("4 relationships; connected to the database")
        proxy.inject(.refuse(errno: 1047), at: .answer)
        #expect(try daemon.ask(Self.load).errorCode == "database_error")
        try expect("4 relationships; the database refuses queries: 1047")
        proxy.passEverything()
        #expect(try daemon.ask(Self.load)["row"] != nil)
        try expect("4 relationships; connected to the database")
    }

    @Test func `check says which server answers no query`() throws {
        let proxy = try FaultProxy(to: servers[1], marker: "`parents`")
        let daemon = try daemon([servers[0].socketPath, address(proxy)], checkInterval: 60)
        proxy.inject(.refuse(errno: 1047), at: .answer)
        let check = try DaemonUnderTest.run(["check", "--config", daemon.configPath])
        #expect(
            check.output.contains("warning: server \(address(proxy)) is not usable: 1047"), "\(check.output)")
    }

    // MARK: Failures that are not the server's

    @Test func `a table that no server can read makes no server unusable`() throws {
        try countConnections()
        for server in servers {
            try server.client(database: "d").executeScript(
                """
                CREATE TABLE base (id INT PRIMARY KEY, parent_id INT);
                CREATE VIEW pets AS SELECT id, parent_id FROM base;
                DROP TABLE toys;
                """)
        }
        let daemon = try daemon(
            settings: """
                [catalog]
                refresh_s = 0
                [relationships."parents.pets"]
                from = "parents.id"
                to = "pets.parent_id"
                kind = "many"
                """)
        try expectAnswers(from: "first", by: daemon)
        for server in servers { try server.client(database: "d").execute("DROP TABLE base") }
        for _ in 1...20 {
            #expect(try daemon.ask(#"{"load":"parents.pets","key":1}"#)["error"] != nil)
            #expect(try daemon.ask(Self.load)["row"]?["server"]?.text == "first")
        }
        try waitForHealthChecks(4)
        #expect(try daemon.stat("server_changes") == 0)
        #expect(try states(daemon) == ["active", "well"])
    }

    @Test func `a server whose tables are locked stays in use`() throws {
        try countConnections()
        let daemon = try daemon()
        try expectAnswers(from: "first", by: daemon)
        let locker = try servers[0].client(database: "d")
        try locker.execute("LOCK TABLES parents WRITE, children WRITE, toys WRITE")
        try waitForHealthChecks(5)
        #expect(try states(daemon) == ["active", "well"])
        #expect(try daemon.stat("server_changes") == 0)
        try locker.execute("UNLOCK TABLES")
        #expect(try daemon.ask(Self.load)["row"]?["server"]?.text == "first")
    }
}
