import Foundation
import MariaDB
import PrivateServer
import Relations
import TestSupport
import Testing

/// A replica, which the daemon prefers, and the server that it follows. A row that the source has changed,
/// and the replica has not, shows which of them has answered.
@Suite struct ReplicationTests {
    private let source: PrivateServer
    private let replica: PrivateServer

    init() throws {
        source = try PrivateServer(
            arguments: ["--log-bin=changes", "--server-id=1"], tcpPort: PrivateServer.freePort())
        replica = try PrivateServer(arguments: ["--server-id=2"])
        try follow()
        try source.client().executeScript(
            """
            CREATE DATABASE d; USE d;
            CREATE TABLE parents (id INT PRIMARY KEY, name VARCHAR(9));
            CREATE TABLE children (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES parents (id));
            INSERT INTO parents VALUES (1, 'first'); INSERT INTO children VALUES (1, 1);
            CREATE USER reader; GRANT SELECT ON d.* TO reader;
            """)
        let privilege = SharedServer.kind == .mySQL ? "REPLICATION CLIENT" : "SLAVE MONITOR"
        try source.client().execute("GRANT \(privilege) ON *.* TO reader")
        try eventually("the replica has all of it") {
            let grants = try? replica.client().strings("SHOW GRANTS FOR reader")
            return grants?.count == 2
        }
    }

    /// Has the replica follow the source from now on.
    private func follow() throws {
        let client = try source.client()
        try client.executeScript("CREATE USER follower; GRANT REPLICATION SLAVE ON *.* TO follower")
        let isMySQL = SharedServer.kind == .mySQL
        // File, Position, …
        let position = try client.strings(isMySQL ? "SHOW BINARY LOG STATUS" : "SHOW BINLOG STATUS")[0]
        let (file, offset) = (try #require(position[0]), try #require(position[1]))
        let port = try #require(source.tcpPort)
        let (change, word) = isMySQL ? ("REPLICATION SOURCE", "SOURCE") : ("MASTER", "MASTER")
        try replica.client().executeScript(
            """
            CHANGE \(change) TO \(word)_HOST='127.0.0.1', \(word)_PORT=\(port), \(word)_USER='follower',
              \(word)_LOG_FILE='\(file)', \(word)_LOG_POS=\(offset);
            START REPLICA;
            """)
    }

    private func daemon() throws -> DaemonUnderTest {
        try DaemonUnderTest(
            replica, database: "d",
            databaseAddress: """
                servers = ["\(replica.socketPath)", "\(source.socketPath)"]
                check_interval_s = 1
                max_lag_s = 1
                """, user: "reader")
    }

    private func name(_ daemon: DaemonUnderTest) throws -> String? {
        let reply = try daemon.ask(#"{"load":"children.parent","key":1}"#)
        #expect(reply["error"] == nil, "\(reply)")
        return reply["row"]?["name"]?.text
    }

    private func isActive(_ server: PrivateServer, of daemon: DaemonUnderTest) throws -> Bool {
        let stats = try daemon.ask(#"{"op":"stats"}"#)["stats"]
        return stats?["servers"]?[server.socketPath]?.text == "active"
            && stats?["connections"]?.number == "4"
    }

    private func rename(to name: String) throws {
        try source.client(database: "d").execute("UPDATE parents SET name = '\(name)'")
    }

    @Test func `a replica that lags is passed over until it has caught up`() throws {
        let daemon = try daemon()
        try eventually("the replica is used") { try isActive(replica, of: daemon) }
        let locker = try replica.client(database: "d")
        // Whoever reads is not kept waiting; what replication writes is.
        try locker.execute("LOCK TABLES parents READ")
        try rename(to: "second")
        // The replica cannot have the new name as long as the lock is held.
        try eventually("the source answers") { try name(daemon) == "second" }
        try daemon.waitForLog("s behind, database.max_lag_s is 1")
        try locker.execute("UNLOCK TABLES")
        try eventually("the replica is used again") {
            try name(daemon) == "second" && isActive(replica, of: daemon)
        }
    }

    @Test func `a replica that has stopped is passed over until it runs again`() throws {
        let daemon = try daemon()
        try eventually("the replica is used") { try isActive(replica, of: daemon) }
        try replica.client().execute("STOP REPLICA")
        try rename(to: "second")
        try eventually("the source answers") { try name(daemon) == "second" }
        try daemon.waitForLog("is passed over: its replication does not run")
        try replica.client().execute("START REPLICA")
        try eventually("the replica is used again") {
            try name(daemon) == "second" && isActive(replica, of: daemon)
        }
    }

    @Test func `a replica that lets nobody in is passed over until it does`() throws {
        let daemon = try daemon()
        try eventually("the replica is used") { try isActive(replica, of: daemon) }
        let client = try replica.client()
        try client.execute("ALTER USER reader ACCOUNT LOCK")
        for row in try client.strings("SHOW PROCESSLIST") where row[1] == "reader" {
            try? client.execute("KILL CONNECTION \(row[0] ?? "")")
        }
        try eventually("the source is used") {
            try name(daemon) == "first" && isActive(source, of: daemon)
        }
        try client.execute("ALTER USER reader ACCOUNT UNLOCK")
        try eventually("the replica is used again") {
            try name(daemon) == "first" && isActive(replica, of: daemon)
        }
    }

    @Test func `a replica whose source has died goes on answering`() throws {
        let daemon = try daemon()
        try eventually("the replica is used") { try isActive(replica, of: daemon) }
        source.kill()
        try daemon.waitForLog("is passed over: its replication does not run")
        for _ in 1...50 { #expect(try name(daemon) == "first") }
        #expect(try isActive(replica, of: daemon))
    }
}
