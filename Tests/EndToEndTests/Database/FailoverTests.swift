import Foundation
import LineClient
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// Several servers with the same data, except that each has its own name in a row, which shows which one has
/// answered.
@Suite struct FailoverTests {
    private static let poolSize = 4
    private static let load = #"{"load":"children.parent","key":1}"#
    private let servers: [PrivateServer]

    init() throws {
        servers = try ["first", "second"].map { name in
            let server = try PrivateServer()
            try server.client().executeScript(
                """
                -- These servers are killed, and keep what they have.
                SET GLOBAL innodb_flush_log_at_trx_commit = 1;
                CREATE DATABASE d; USE d;
                CREATE TABLE parents (id INT PRIMARY KEY, server VARCHAR(9));
                CREATE TABLE children (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES parents (id));
                INSERT INTO parents VALUES (1, '\(name)');
                """)
            return server
        }
    }

    private func daemon(_ more: String = "", checkInterval: Int = 1) throws -> DaemonUnderTest {
        let list = servers.map { "\"\($0.socketPath)\"" }.joined(separator: ", ")
        return try DaemonUnderTest(
            servers[0], database: "d",
            databaseAddress:
                "servers = [\(list)]\ncheck_interval_s = \(checkInterval)\nconnect_timeout_s = 1\n\(more)")
    }

    private func answeringServer(_ daemon: DaemonUnderTest) throws -> String? {
        try daemon.ask(Self.load)["row"]?["server"]?.text
    }

    private func expectAnswers(from name: String, by daemon: DaemonUnderTest) throws {
        try eventually("the \(name) server answers, over all connections") {
            let others = servers[name == "first" ? 1 : 0]
            let isLeft = others.pid == nil || (try? connections(to: others)) == 0
            return try answeringServer(daemon) == name && daemon.stat("connections") == 4 && isLeft
        }
    }

    @Test(.requires(.mySQL, "this server and the machine's MariaDB are two kinds"))
    func `a server of another kind is not used, and said to be so`() throws {
        let other = try PrivateServer(.mariaDB)
        try other.client().executeScript(
            """
            CREATE DATABASE d; USE d; CREATE TABLE parents (id INT PRIMARY KEY, server VARCHAR(9));
            CREATE TABLE children (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES parents (id));
            INSERT INTO parents VALUES (1, 'other');
            """)
        let list = "[\"\(servers[0].socketPath)\", \"\(other.socketPath)\"]"
        let daemon = try DaemonUnderTest(
            servers[0], database: "d",
            databaseAddress: "servers = \(list)\ncheck_interval_s = 1\nconnect_timeout_s = 1")
        try daemon.waitForLog("all of database.servers must be of one kind")
        let check = try DaemonUnderTest.run(["check", "--config", daemon.configPath])
        #expect(check.output.contains("the server is MariaDB") && check.status == 78, "\(check.output)")
        servers[0].kill()
        try eventually("nobody answers") { try daemon.ask(Self.load).errorCode == "database_unavailable" }
        try servers[0].restart()
        try eventually("the right one answers") { try answeringServer(daemon) == "first" }
    }

    @Test(.requires(.mySQL, "this server and the machine's MariaDB are two kinds"))
    func `a server that is replaced by one of another kind behind its address costs errors that pass`() throws
    {
        let other = try PrivateServer(.mariaDB)
        let rows = """
            INSERT INTO parents SELECT seq, '%' FROM \(numbers(to: 20)) WHERE seq > 1;
            INSERT INTO children SELECT seq, seq FROM \(numbers(to: 20));
            """
        try servers[0].client(database: "d").executeScript(rows)
        try other.client().executeScript(
            """
            CREATE DATABASE d; USE d; CREATE TABLE parents (id INT PRIMARY KEY, server VARCHAR(9));
            CREATE TABLE children (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES parents (id));
            INSERT INTO parents VALUES (1, 'other');
            """ + rows)
        let proxy = try FaultProxy(to: servers[0], marker: "`children`")
        let daemon = try DaemonUnderTest(
            servers[0], database: "d", settings: "[catalog]\nrefresh_s = 1",
            databaseAddress: "host = \"127.0.0.1\"\nport = \(proxy.port)")
        let client = try daemon.client()
        // In each kind's own words: LATERAL on a MySQL, subqueries on a MariaDB.
        let firstOfEach = #"{"load":"parents.children","keys":[1,2,3],"limit":1,"columns":["id"]}"#
        let expected = #"{"results":[[{"id":1}],[{"id":2}],[{"id":3}]]}"#
        for (server, name) in [(other, "other"), (servers[0], "first"), (other, "other")] {
            #expect(try client.ask(firstOfEach) == expected)
            proxy.routeNewConnections(to: server)
            // No connection is lost, and no load fails for good.
            try eventually("the \(name) server answers") {
                let reply = try client.ask(firstOfEach)
                let error = try JSONValue(reply)["error"]
                try #require(reply == expected || error?["retryable"] == .bool(true), "\(reply)")
                return try answeringServer(daemon) == name
            }
        }
        #expect(daemon.log.contains("the server is of another kind than before"))
    }

    /// Returns the number of the daemon's pooled connections to a server; those of health checks are short.
    private func connections(to server: PrivateServer) throws -> Int {
        let rows = try server.client().strings(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = 'd' AND COMMAND = 'Sleep'")
        return Int(rows[0][0] ?? "") ?? 0
    }

    @Test func `the next server answers when the first is killed, and the first again when it is back`()
        throws
    {
        let daemon = try daemon()
        try expectAnswers(from: "first", by: daemon)
        servers[0].kill()
        // Every load meanwhile is answered by one of them.
        for _ in 1...50 {
            let reply = try daemon.ask(Self.load)
            #expect(reply["row"]?["server"]?.text == "second", "\(reply)")
        }
        try expectAnswers(from: "second", by: daemon)
        try daemon.waitForLog("is not usable: 2002")
        try servers[0].restart()
        let client = try daemon.client()
        // No load fails while the daemon moves back.
        try eventually("the first server answers again") {
            let reply = try JSONValue(try client.ask(Self.load))
            #expect(reply["error"] == nil, "\(reply)")
            return reply["row"]?["server"]?.text == "first"
        }
        try expectAnswers(from: "first", by: daemon)
        #expect(try daemon.stat("server_changes") == 2)
    }

    @Test func `once another server is in use, loads for the version of the first are refused`() throws {
        let daemon = try daemon()
        let told = try #require(try daemon.ask(#"{"op":"hello"}"#)["source_version"]?.text)
        let load = String(Self.load.dropLast()) + #","source_version":"\#(told)"}"#
        #expect(try daemon.ask(load)["row"]?["server"]?.text == "first")
        servers[0].kill()
        try eventually("the second server is in use") { try daemon.stat("server_changes") == 1 }
        try eventually("its schema has been read") {
            let reply = try daemon.ask(load)
            #expect(reply["row"] == nil, "\(reply)")
            return reply.errorCode == "source_changed"
        }
        try expectAnswers(from: "second", by: daemon)
    }

    @Test func `a daemon starts while its first server is down`() throws {
        servers[0].kill()
        let daemon = try daemon()
        try expectAnswers(from: "second", by: daemon)
        let states = try daemon.ask(#"{"op":"stats"}"#)["stats"]?["servers"]
        #expect(states?[servers[0].socketPath]?.text == "unwell")
        #expect(states?[servers[1].socketPath]?.text == "active")
        let check = try DaemonUnderTest.run(["check", "--config", daemon.configPath])
        #expect(check.status == 0)
        #expect(check.output.contains("warning: server \(servers[0].socketPath) is not usable: 2002"))
    }

    @Test func `a server that has fallen silent is abandoned, and its queries are sent to another`() throws {
        let daemon = try daemon()
        try expectAnswers(from: "first", by: daemon)
        let pid = try #require(servers[0].pid)
        try freeze(pid)
        defer { kill(pid, SIGCONT) }
        // This load is sent before the daemon knows.
        let reply = try daemon.ask(Self.load)
        #expect(reply["row"]?["server"]?.text == "second", "\(reply)")
        try eventually("all connections are up again") { try daemon.stat("connections") == 4 }
    }

    /// Health checks fail for a while after a network failure is over.
    @Test func `a server that sends rows is not abandoned because its health checks fail`() throws {
        try servers[0].client(database: "d").executeScript(
            """
            CREATE TABLE rows_of (id INT PRIMARY KEY, parent_id INT, KEY (parent_id, id));
            INSERT INTO rows_of SELECT seq, 1 FROM \(numbers(to: 16));
            -- Each row is sent by itself, half a second after the one before.
            CREATE VIEW slow AS SELECT id, parent_id, SLEEP(0.5) s, REPEAT('x', 40000) pad FROM rows_of;
            """)
        let proxy = try FaultProxy(to: servers[0], marker: "slow")
        let daemon = try DaemonUnderTest(
            servers[0], database: "d",
            settings: relationshipTOML("parents.slow", from: "parents.id", to: "slow.parent_id"),
            databaseAddress: """
                servers = ["127.0.0.1:\(proxy.port)", "\(servers[1].socketPath)"]
                check_interval_s = 1
                connect_timeout_s = 1
                """)
        try eventually("all connections are up") { try daemon.stat("connections") == 4 }
        let client = try daemon.client()
        try client.send(#"{"load":"parents.slow","key":1,"columns":["id","s","pad"]}"#)
        try eventually("its rows are on their way") { try daemon.stat("in_flight") == 1 }
        proxy.inject(.silence, at: .greeting)
        let reply = try JSONValue(client.receive() ?? "null")
        #expect(reply["rows"]?.elements.count == 16, "\(reply.errorMessage)")
        #expect(try daemon.stat("server_changes") == 0)
    }

    @Test func `when a server fails, one last seen down is probed before any load is refused`()
        throws
    {
        let daemon = try daemon(checkInterval: 60)
        try expectAnswers(from: "first", by: daemon)
        servers[0].kill()
        try expectAnswers(from: "second", by: daemon)
        try servers[0].restart()
        servers[1].kill()
        for _ in 1...50 {
            let reply = try daemon.ask(Self.load)
            #expect(reply["row"]?["server"]?.text == "first", "\(reply)")
        }
    }

    @Test func `with all servers down loads are refused, and the first server that returns answers`() throws {
        let daemon = try daemon()
        try expectAnswers(from: "first", by: daemon)
        for server in servers { server.kill() }
        try eventually("loads are refused") {
            try daemon.ask(Self.load).errorCode == "database_unavailable"
        }
        try servers[1].restart()
        try expectAnswers(from: "second", by: daemon)
        try servers[0].restart()
        try expectAnswers(from: "first", by: daemon)
    }

    /// The daemon's connections to a server, counted by their first statement in the server's log.
    private struct ConnectionCounts {
        let pooled: Int
        /// Health checks, and readings of the schema.
        let others: Int

        // A health check's session is set up as a pooled connection's, but also sets lock_wait_timeout.

        init(_ server: PrivateServer) throws {
            let rows = try server.client().strings(
                """
                SELECT COUNT(IF(argument LIKE '%eq_range_index_dive_limit%'
                    AND argument NOT LIKE '%lock_wait_timeout%', 1, NULL)), COUNT(*)
                FROM mysql.general_log WHERE user_host LIKE 'kindred%' AND argument LIKE 'SET NAMES utf8mb4%'
                """)
            let counts = rows[0].map { Int($0 ?? "") ?? 0 }
            pooled = counts[0]
            others = counts[1] - counts[0]
        }
    }

    @Test func `a flapping server is not flooded with connections, and neither is the other one`()
        throws
    {
        for server in servers {
            try server.client().executeScript(
                """
                CREATE USER kindred; GRANT SELECT ON d.* TO kindred;
                SET GLOBAL log_output = 'TABLE', general_log = 1;
                """)
        }
        let proxy = try FaultProxy(to: servers[0], marker: "FROM")
        let clock = ContinuousClock()
        let start = clock.now
        let daemon = try DaemonUnderTest(
            servers[0], database: "d",
            databaseAddress: """
                servers = ["127.0.0.1:\(proxy.port)", "\(servers[1].socketPath)"]
                check_interval_s = 1
                connect_timeout_s = 10
                """, user: "kindred")
        let failures = 3
        for _ in 1...failures {
            try expectAnswers(from: "first", by: daemon)
            proxy.inject(.close, at: .greeting)
            proxy.resetConnections()
            try expectAnswers(from: "second", by: daemon)
            proxy.passEverything()
        }
        let time = clock.now - start
        // To return to a server takes two successful health checks in a row, and four the next time, a second
        // apart; one may have begun before.
        #expect(time >= .seconds(3), "a server that has failed is not returned to at once")
        let changes = try daemon.stat("server_changes") ?? 0
        // Each server has one health check a second; a change of servers causes one of both at once, and
        // reads the schema.
        let checks = Int(time.components.seconds) + 1 + 3 * (changes + 1)
        for (server, times) in zip(servers, [1 + changes / 2, (changes + 1) / 2]) {
            let counts = try ConnectionCounts(server)
            #expect(
                counts.pooled <= Self.poolSize * times,
                "one for each pooled connection and each time the server is chosen")
            #expect(counts.others <= checks)
        }
        #expect(proxy.injections >= failures, "each failure was noticed")
        #expect(
            proxy.injections <= Self.poolSize * failures + checks,
            "one more for each pooled connection and each failure")
    }

    @Test func `another server at the same address is served with its own schema`() throws {
        try servers[1].client(database: "d").executeScript(
            """
            CREATE TABLE toys (id INT PRIMARY KEY, owner_id INT, FOREIGN KEY (owner_id) REFERENCES parents (id));
            INSERT INTO toys VALUES (7, 1);
            ALTER TABLE parents ADD COLUMN age INT DEFAULT 3;
            """)
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        func point(to server: PrivateServer) throws {
            let (link, new) = (directory + "/s", directory + "/new")
            try FileManager.default.createSymbolicLink(atPath: new, withDestinationPath: server.socketPath)
            #expect(rename(new, link) == 0)
        }
        try point(to: servers[0])
        let daemon = try DaemonUnderTest(
            servers[0], database: "d", databaseAddress: "socket = \"\(directory)/s\"")
        #expect(try answeringServer(daemon) == "first")
        try point(to: servers[1])
        servers[0].kill()
        try eventually("the other one answers, with its own tables and columns") {
            try daemon.ask(Self.load)["row"]?["age"]?.number == "3"
                && daemon.ask(#"{"load":"parents.toys","key":1}"#).rowIDs == ["7"]
        }
        #expect(try answeringServer(daemon) == "second")
    }

    @Test func `a replica whose replication has stopped is not used while another server is healthy`() throws
    {
        try servers[0].client().executeScript(
            SharedServer.kind == .mySQL
                ? "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=1, SOURCE_USER='nobody'"
                : "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='nobody'")
        let daemon = try daemon("max_lag_s = 10")
        try expectAnswers(from: "second", by: daemon)
        try daemon.waitForLog("is passed over: its replication does not run")
        servers[1].kill()
        try eventually("old rows are served rather than none") { try answeringServer(daemon) == "first" }
    }
}
