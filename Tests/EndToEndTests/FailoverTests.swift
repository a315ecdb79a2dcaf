import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Several servers with the same data; here each adds its own name, so that it is seen who has answered.
@Suite struct FailoverTests {
    private static let lanes = 4
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
            databasePlace:
                "servers = [\(list)]\ncheck_interval_s = \(checkInterval)\nconnect_timeout_s = 1\n\(more)")
    }

    private func answerer(_ daemon: DaemonUnderTest) throws -> String? {
        try daemon.ask(Self.load)["row"]?["server"]?.text
    }

    private func expectAnswers(from name: String, by daemon: DaemonUnderTest) throws {
        try eventually("the \(name) server answers, over all connections") {
            let others = servers[name == "first" ? 1 : 0]
            let isLeft = others.pid == nil || (try? connections(to: others)) == 0
            return try answerer(daemon) == name && daemon.stat("connections") == 4 && isLeft
        }
    }

    /// Of the daemon's lanes: those that may live for long.
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
        // Whoever asks meanwhile gets the answer of one of them.
        for _ in 1...50 {
            let reply = try daemon.ask(Self.load)
            #expect(reply["row"]?["server"]?.text == "second", "\(reply)")
        }
        try expectAnswers(from: "second", by: daemon)
        try daemon.waitForLog("is not usable: 2002")
        try servers[0].restart()
        let client = try daemon.client()
        // Nothing is lost while connections move.
        try eventually("the first server answers again") {
            let reply = try JSONValue(try client.ask(Self.load))
            #expect(reply["error"] == nil, "\(reply)")
            return reply["row"]?["server"]?.text == "first"
        }
        try expectAnswers(from: "first", by: daemon)
        #expect(try daemon.stat("server_changes") == 2)
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

    @Test func `a server that has fallen silent is left, with what was asked of it`() throws {
        let daemon = try daemon()
        try expectAnswers(from: "first", by: daemon)
        let pid = try #require(servers[0].pid)
        try freeze(pid)
        defer { kill(pid, SIGCONT) }
        // Asked before anybody knows.
        let reply = try daemon.ask(Self.load)
        #expect(reply["row"]?["server"]?.text == "second", "\(reply)")
        try eventually("all connections are up again") { try daemon.stat("connections") == 4 }
    }

    /// Looks at it fail, as they do late after a way was cut and is whole again.
    @Test func `a server that sends rows is not left in the middle of them`() throws {
        try servers[0].client(database: "d").executeScript(
            """
            CREATE TABLE rows_of (id INT PRIMARY KEY, parent_id INT, KEY (parent_id, id));
            INSERT INTO rows_of SELECT seq, 1 FROM seq_1_to_16;
            -- Each row is sent by itself, half a second after the one before.
            CREATE VIEW slow AS SELECT id, parent_id, SLEEP(0.5) s, REPEAT('x', 40000) pad FROM rows_of;
            """)
        let meddler = try Meddler(to: servers[0], marker: "slow")
        let daemon = try DaemonUnderTest(
            servers[0], database: "d",
            settings: ScenarioSchema.road("parents.slow", from: "parents.id", to: "slow.parent_id"),
            databasePlace: """
                servers = ["127.0.0.1:\(meddler.port)", "\(servers[1].socketPath)"]
                check_interval_s = 1
                connect_timeout_s = 1
                """)
        try eventually("all connections are up") { try daemon.stat("connections") == 4 }
        let client = try daemon.client()
        try client.send(#"{"load":"parents.slow","key":1,"columns":["id","s","pad"]}"#)
        try eventually("its rows are on their way") { try daemon.stat("in_flight") == 1 }
        meddler.order(.silence, at: .greeting)
        let reply = try JSONValue(client.receive() ?? "null")
        #expect(reply["rows"]?.elements.count == 16, "\(reply.errorMessage)")
        #expect(try daemon.stat("server_changes") == 0)
    }

    @Test func `when a server falls, one that was last seen down is looked at before anybody is refused`()
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

    @Test func `with all servers down loads are refused, and whichever comes back first answers`() throws {
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

    /// Connections of the daemon's to a server, by what it says first. The server's log tells it from us by its user.
    private struct Beginnings {
        let lanes: Int
        /// And readings of the schema.
        let looks: Int

        // A look's session is set up as a lane's, but for this.

        init(_ server: PrivateServer) throws {
            let rows = try server.client().strings(
                """
                SELECT COUNT(IF(argument LIKE '%eq_range_index_dive_limit%'
                    AND argument NOT LIKE '%lock_wait_timeout%', 1, NULL)), COUNT(*)
                FROM mysql.general_log WHERE user_host LIKE 'kindred%' AND argument LIKE 'SET NAMES utf8mb4%'
                """)
            let counts = rows[0].map { Int($0 ?? "") ?? 0 }
            lanes = counts[0]
            looks = counts[1] - counts[0]
        }
    }

    @Test func `a server that comes and goes is not flooded with connections, nor is the one beside it`()
        throws
    {
        for server in servers {
            try server.client().executeScript(
                """
                CREATE USER kindred; GRANT SELECT ON d.* TO kindred;
                SET GLOBAL log_output = 'TABLE', general_log = 1;
                """)
        }
        let way = try Meddler(to: servers[0], marker: "FROM")
        let clock = ContinuousClock()
        let start = clock.now
        let daemon = try DaemonUnderTest(
            servers[0], database: "d",
            databasePlace: """
                servers = ["127.0.0.1:\(way.port)", "\(servers[1].socketPath)"]
                check_interval_s = 1
                connect_timeout_s = 10
                """, user: "kindred")
        let falls = 3
        for _ in 1...falls {
            try expectAnswers(from: "first", by: daemon)
            way.order(.close, at: .greeting)
            way.cut()
            try expectAnswers(from: "second", by: daemon)
            way.allowAll()
        }
        let time = clock.now - start
        // Found well twice in a row, and the second time four times, a second apart; one look may have begun before.
        #expect(time >= .seconds(3), "who has fallen is not run after")
        let changes = try daemon.stat("server_changes") ?? 0
        // Looks come by the clock, one a second at each server; a change has both looked at at once, and the schema read.
        let looks = Int(time.components.seconds) + 1 + 3 * (changes + 1)
        for (server, times) in zip(servers, [1 + changes / 2, (changes + 1) / 2]) {
            let beginnings = try Beginnings(server)
            #expect(beginnings.lanes <= Self.lanes * times, "one of each lane for each time it is chosen")
            #expect(beginnings.looks <= looks)
        }
        #expect(way.deeds >= falls, "each fall was met")
        #expect(way.deeds <= Self.lanes * falls + looks, "one more of each lane for each fall")
    }

    @Test func `another server at the same address is taken as it is`() throws {
        try servers[1].client(database: "d").executeScript(
            """
            CREATE TABLE toys (id INT PRIMARY KEY, owner_id INT, FOREIGN KEY (owner_id) REFERENCES parents (id));
            INSERT INTO toys VALUES (7, 1);
            ALTER TABLE parents ADD COLUMN age INT DEFAULT 3;
            """)
        let directory = try makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        func point(to server: PrivateServer) throws {
            let (link, new) = (directory + "/s", directory + "/new")
            try FileManager.default.createSymbolicLink(atPath: new, withDestinationPath: server.socketPath)
            #expect(rename(new, link) == 0)
        }
        try point(to: servers[0])
        let daemon = try DaemonUnderTest(
            servers[0], database: "d", databasePlace: "socket = \"\(directory)/s\"")
        #expect(try answerer(daemon) == "first")
        try point(to: servers[1])
        servers[0].kill()
        try eventually("the other one answers, with its own tables and columns") {
            try daemon.ask(Self.load)["row"]?["age"]?.number == "3"
                && daemon.ask(#"{"load":"parents.toys","key":1}"#).rowIDs == ["7"]
        }
        #expect(try answerer(daemon) == "second")
    }

    @Test func `a replica that does not replicate is passed over`() throws {
        try servers[0].client().executeScript(
            "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='nobody'")
        let daemon = try daemon("max_lag_s = 10")
        try expectAnswers(from: "second", by: daemon)
        try daemon.waitForLog("is passed over: its replication does not run")
        servers[1].kill()
        try eventually("better old rows than none") { try answerer(daemon) == "first" }
    }
}
