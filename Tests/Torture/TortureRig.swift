import Foundation
import MariaDB
import PrivateServer
import Synchronization
import TestSupport

/// Three servers with the same data, breakable ways to two of them, the daemon, and what is known of all.
final class World: Sendable {
    static let database = "shop"

    let servers: [PrivateServer]
    /// Has the same data, and is left alone: what it says is right.
    let reference: PrivateServer
    let proxies: [FaultProxy]
    let daemon: DaemonUnderTest
    let truth: Truth
    let ledger = Ledger()
    let weather = Weather()
    private let dice: Mutex<SeededGenerator>
    private let over = Atomic(false)
    private let absences = Atomic(0)
    private let unlocks = Atomic(0)
    private let refusals = Atomic(0)
    /// The place of the server that the daemon uses, or has used when the last fault began.
    private let used = Atomic(0)

    init(script: String, seed: UInt64) throws {
        dice = Mutex(SeededGenerator(seed: seed))
        servers = try (0...1).map { _ in try Self.server(script) }
        reference = try Self.server(script)
        proxies = try servers.map { try FaultProxy(to: $0, marker: "FROM") }
        daemon = try DaemonUnderTest(
            servers[0], database: Self.database, settings: Self.settings, databasePlace: Self.place(proxies),
            user: "torture")
        truth = try Truth(daemon, Oracle(reference, database: Self.database))
    }

    private static func server(_ script: String) throws -> PrivateServer {
        let server = try PrivateServer()
        try server.client().executeScript(
            """
            -- They are killed, and keep what they have.
            SET GLOBAL innodb_flush_log_at_trx_commit = 1;
            CREATE DATABASE \(database) CHARACTER SET utf8mb4;
            CREATE USER torture@localhost;
            GRANT SELECT ON *.* TO torture@localhost;
            """)
        try server.client(database: database).executeScript(script)
        return server
    }

    func oracle() throws -> Oracle { try Oracle(reference, database: Self.database) }

    private static func place(_ proxies: [FaultProxy]) -> String {
        """
        servers = [\(proxies.map { "\"127.0.0.1:\($0.port)\"" }.joined(separator: ", "))]
        check_interval_s = 1
        connect_timeout_s = 2
        statement_timeout_s = 5
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

    /// Odd while the daemon is not there; whoever sees the same even number before and after was not left by it.
    var absenceNumber: Int { absences.load(ordering: .sequentiallyConsistent) }

    /// A client has lost its connection, or has waited in vain.
    func clientFailed(_ error: any Error, absenceNumber before: Int) {
        ledger.hungUp()
        if before % 2 == 0, before == absenceNumber {
            ledger.found("a client's connection failed", "\(error)")
        } else {
            // Whoever connects while nobody listens tries again, and not at once.
            usleep(20_000)
        }
    }

    // MARK: What faults do

    var serverInUse: Int { used.load(ordering: .sequentiallyConsistent) }
    var otherServer: Int { 1 - serverInUse }

    /// Finds out which server is in use; answers whether the other could take over at once.
    func choosePlaces() throws -> Bool {
        let stats = try daemon.ask(#"{"op":"stats"}"#)["stats"]
        let states = (stats?["servers"]?.members ?? []).map(\.value.text)
        used.store(states.firstIndex(of: "active") ?? 0, ordering: .sequentiallyConsistent)
        return states.contains("well")
    }

    /// At some moment, or at some byte of what the server in use sends.
    func injectSomewhere(_ action: FaultProxy.Action) {
        let moments: [FaultProxy.Moment] = [
            .greeting, .midGreeting, .login, .answer, .columns, .rows, .midRows, .end,
        ]
        let moment = dice.withLock { dice in
            let place = FaultProxy.Moment.byte(Int.random(in: 0...3000, using: &dice))
            return Bool.random(using: &dice) ? place : moments.randomElement(using: &dice) ?? place
        }
        proxies[serverInUse].inject(action, at: moment)
    }

    /// What a server says in turn that lets in and refuses every query: Galera that is not ready, an option that prevents
    /// it, the account's limit of the hour.
    private static let refusals: [UInt16] = [1047, 1290, 1226]

    /// Until everything is allowed again.
    func refuse(at numbers: Int...) {
        let turn = refusals.add(1, ordering: .sequentiallyConsistent).oldValue
        for number in numbers {
            proxies[number].inject(.refuse(errno: Self.refusals[turn % Self.refusals.count]), at: .answer)
        }
    }

    /// 0: without a limit. What is connected keeps what it had, unless it had a limit before.
    func limitQueries(at number: Int, to most: Int) throws {
        try servers[number].client().executeScript(
            """
            GRANT USAGE ON *.* TO torture@localhost WITH MAX_QUERIES_PER_HOUR \(most);
            FLUSH PRIVILEGES;
            """)
    }

    func signal(_ number: Int, _ signal: Int32) {
        if let pid = servers[number].pid { kill(pid, signal) }
    }

    func onBoth(_ sql: String) throws {
        for server in servers { try server.client(database: Self.database).execute(sql) }
    }

    /// `KILL` with `QUERY` or `CONNECTION` for all that the daemon has.
    func killAll(_ what: String) throws {
        for server in servers {
            let client = try server.client()
            let ids = try client.strings(
                "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'torture'")
            for case let id? in ids.compactMap(\.first) { try? client.execute("KILL \(what) \(id)") }
        }
    }

    /// Until `unlock`, by a thread that holds the connection.
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

    func spoilConfiguration() throws {
        try "nonsense".write(toFile: daemon.configPath, atomically: true, encoding: .utf8)
        daemon.signal(SIGHUP)
    }

    func mendConfiguration() throws {
        try daemon.rewrite(database: Self.database, settings: Self.settings)
        daemon.signal(SIGHUP)
    }

    func restartDaemon(by signal: Int32 = SIGTERM) throws {
        absences.add(1, ordering: .sequentiallyConsistent)
        defer { absences.add(1, ordering: .sequentiallyConsistent) }
        let status = try daemon.restart(by: signal)
        if signal == SIGTERM, status != 0 { ledger.found("the daemon ended with \(status ?? -1)") }
    }

    // MARK: How it is

    /// Whether the daemon has all its connections again, and answers.
    var isHealthy: Bool {
        guard let stats = try? daemon.ask(#"{"op":"stats"}"#)["stats"] else { return false }
        return stats["connections"]?.number == "4"
            && (try? daemon.ask(#"{"load":"books.author","key":1}"#))?["row"] != nil
            && (try? daemon.ask(#"{"load":"books.tags","key":1}"#))?["rows"] != nil
    }
}
