import Foundation
import MariaDB
import PrivateServer
import Synchronization
import TestSupport

/// Everything that a run consists of: three servers with the same data, fault proxies before two of them, and
/// the daemon.
final class TortureRig: Sendable {
    static let database = "shop"

    /// Whether the daemon reaches its servers over TLS.
    let isEncrypted: Bool
    let servers: [PrivateServer]
    /// The server that no fault touches: its answers are right.
    let reference: PrivateServer
    /// `MySQL 9.7.4`, `MariaDB 10.11.19-MariaDB over TLS`
    let serverName: String
    let proxies: [FaultProxy]
    let daemon: DaemonUnderTest
    let answers: ExpectedAnswers
    let findings = Findings()
    let timeline = FaultTimeline()
    private let random: Mutex<SeededGenerator>
    private let over = Atomic(false)
    private let absences = Atomic(0)
    private let unlocks = Atomic(0)
    private let refusals = Atomic(0)
    /// The index of the server that the daemon used when the last fault began.
    private let used = Atomic(0)

    init(script: String, isEncrypted: Bool, seed: UInt64) throws {
        self.isEncrypted = isEncrypted
        random = Mutex(SeededGenerator(seed: seed))
        let arguments = isEncrypted ? try Certificates.arguments(.server) : []
        servers = try (0...1).map { _ in
            let server = try Self.server(script, arguments)
            if isEncrypted { try server.client().execute("ALTER USER torture@localhost REQUIRE SSL") }
            return server
        }
        reference = try Self.server(script)
        let version = try reference.client().strings("SELECT VERSION()")[0][0] ?? ""
        serverName = "\(reference.program.kind) \(version)\(isEncrypted ? " over TLS" : "")"
        proxies = try servers.map {
            try FaultProxy(to: $0, marker: "FROM", isEncrypted: isEncrypted)
        }
        daemon = try DaemonUnderTest(
            servers[0], database: Self.database, settings: Self.settings,
            databaseAddress: Self.databaseSettings(proxies) + (isEncrypted ? Self.tlsSettings() : ""),
            user: "torture")
        answers = try ExpectedAnswers(daemon, Oracle(reference, database: Self.database))
    }

    private static func server(_ script: String, _ arguments: [String] = []) throws -> PrivateServer {
        let server = try PrivateServer(arguments: arguments)
        try server.client().executeScript(
            """
            -- These servers are killed, and must keep their data.
            SET GLOBAL innodb_flush_log_at_trx_commit = 1;
            CREATE DATABASE \(database) CHARACTER SET utf8mb4;
            CREATE USER torture@localhost;
            GRANT SELECT ON *.* TO torture@localhost;
            """)
        try server.client(database: database).executeScript(script)
        return server
    }

    func oracle() throws -> Oracle { try Oracle(reference, database: Self.database) }

    private static func databaseSettings(_ proxies: [FaultProxy]) -> String {
        """
        servers = [\(proxies.map { "\"127.0.0.1:\($0.port)\"" }.joined(separator: ", "))]
        check_interval_s = 1
        connect_timeout_s = 2
        statement_timeout_s = 5
        """
    }

    private static func tlsSettings() throws -> String {
        """

        tls = "verify_identity"
        tls_ca = "\(try Certificates.authority)"
        """
    }

    private static let settings = """
        [limits]
        request_timeout_s = 10
        send_timeout_s = 15
        line_timeout_s = 5
        client_output_bytes = 100000000
        """

    var isOver: Bool { over.load(ordering: .sequentiallyConsistent) }

    func end() { over.store(true, ordering: .sequentiallyConsistent) }

    /// Counts the daemon's starts and ends: odd while it is down. A client that sees the same even number
    /// twice had a running daemon all the time between.
    var absenceNumber: Int { absences.load(ordering: .sequentiallyConsistent) }

    /// Records that a client has lost its connection, or has got no reply in time.
    func clientFailed(_ error: any Error, absenceNumber before: Int) {
        findings.recordLostConnection()
        if before % 2 == 0, before == absenceNumber {
            findings.record("a client's connection failed", "\(error)")
        } else {
            // The daemon is down: the client tries again, but not at once.
            usleep(20_000)
        }
    }

    // MARK: Faults

    var serverInUse: Int { used.load(ordering: .sequentiallyConsistent) }
    var otherServer: Int { 1 - serverInUse }

    /// Finds out which server is in use. Returns whether the other one could take over at once.
    func findServerInUse() throws -> Bool {
        let stats = try daemon.ask(#"{"op":"stats"}"#)["stats"]
        let states = (stats?["servers"]?.members ?? []).map(\.value.text)
        used.store(states.firstIndex(of: "active") ?? 0, ordering: .sequentiallyConsistent)
        return states.contains("well")
    }

    /// Injects a fault at a random moment of the protocol, or at a random byte of what the server in use
    /// sends.
    func injectSomewhere(_ action: FaultProxy.Action) {
        let moments: [FaultProxy.Moment] = [
            .greeting, .midGreeting, .login, .answer, .columns, .rows, .midRows, .end,
        ]
        let moment = random.withLock { random in
            let byte = FaultProxy.Moment.byte(Int.random(in: 0...3000, using: &random))
            if isEncrypted { return byte }
            return Bool.random(using: &random) ? byte : moments.randomElement(using: &random) ?? byte
        }
        proxies[serverInUse].inject(action, at: moment)
    }

    /// Errors of a server that accepts logins and refuses every query: a Galera node that is not ready,
    /// `--read-only` and the like, the account's hourly limit.
    private static let refusals: [UInt16] = [1047, 1290, 1226]

    /// Has servers refuse every query, each time with the next error, until `passEverything`.
    func refuse(at numbers: Int...) {
        let turn = refusals.add(1, ordering: .sequentiallyConsistent).oldValue
        for number in numbers {
            proxies[number].inject(.refuse(errno: Self.refusals[turn % Self.refusals.count]), at: .answer)
        }
    }

    /// Sets the account's hourly limit of queries; 0 is none. Existing connections keep theirs unless they
    /// had a limit.
    func limitQueries(at number: Int, to max: Int) throws {
        try servers[number].client().executeScript(
            """
            ALTER USER torture@localhost WITH MAX_QUERIES_PER_HOUR \(max);
            FLUSH PRIVILEGES;
            """)
    }

    func signal(_ number: Int, _ signal: Int32) {
        if let pid = servers[number].pid { kill(pid, signal) }
    }

    func onBoth(_ sql: String) throws {
        for server in servers { try server.client(database: Self.database).execute(sql) }
    }

    /// Kills the queries (`QUERY`) or the connections (`CONNECTION`) of the daemon at every server.
    func killAll(_ what: String) throws {
        for server in servers {
            let client = try server.client()
            // Id, User, …; information_schema has no such list in MySQL while a query holds an emoji.
            for row in try client.strings("SHOW PROCESSLIST") where row[1] == "torture" {
                if let id = row[0] { try? client.execute("KILL \(what) \(id)") }
            }
        }
    }

    /// Locks a table until `unlock`, by a thread that holds the connection.
    func lock(_ table: String) {
        let round = unlocks.load(ordering: .sequentiallyConsistent)
        Thread { [self] in
            guard let client = try? servers[serverInUse].client(database: Self.database) else { return }
            try? client.execute("LOCK TABLES \(table) WRITE")
            while !isOver, unlocks.load(ordering: .sequentiallyConsistent) == round { usleep(10_000) }
        }.start()
    }

    func unlock() {
        unlocks.add(1, ordering: .sequentiallyConsistent)
    }

    func writeBadConfiguration() throws {
        try "nonsense".write(toFile: daemon.configPath, atomically: true, encoding: .utf8)
        daemon.signal(SIGHUP)
    }

    func writeGoodConfiguration() throws {
        try daemon.rewrite(database: Self.database, settings: Self.settings)
        daemon.signal(SIGHUP)
    }

    func restartDaemon(by signal: Int32 = SIGTERM) throws {
        absences.add(1, ordering: .sequentiallyConsistent)
        defer { absences.add(1, ordering: .sequentiallyConsistent) }
        let status = try daemon.restart(by: signal)
        if signal == SIGTERM, status != 0 { findings.record("the daemon ended with \(status ?? -1)") }
    }

    // MARK: Health

    /// Whether the daemon has all its connections again, and answers.
    var isHealthy: Bool {
        guard let stats = try? daemon.ask(#"{"op":"stats"}"#)["stats"] else { return false }
        return stats["connections"]?.number == "4"
            && (try? daemon.ask(#"{"load":"books.author","key":1}"#))?["row"] != nil
            && (try? daemon.ask(#"{"load":"books.tags","key":1}"#))?["rows"] != nil
    }
}
