import Configuration
import Loading
import Logging
import MariaDB
import Reactor
import Relations
import Time

/// A server's place in the list `database.servers`, which is in the order of preference; 0 where there is one
/// server.
typealias ServerIndex = Int

/// The servers that hold the data: which of them is used and, where there are several, how healthy each is.
final class DatabaseServers {
    /// One server, as far as it is not the failover policy's to know.
    private struct Server {
        let source: EndpointSource
        var check = Check.none
        /// When it last answered a query, if only with some of its rows or with an error.
        var lastAnswer: Instant?
        /// When it last answered a query with rows.
        var lastRows: Instant?
    }

    /// A health check of one server.
    private enum Check {
        /// None is under way. Next: underWay.
        case none
        /// Next: none, awaited.
        case underWay
        /// The active server has just failed, and this check says whether this server could take its place.
        /// Next: none, underWay.
        case awaited
    }

    private let loop: EventLoop
    private let logger: Logger
    private var settings: Settings.Database
    /// In the order of preference.
    private var servers: [Server]
    private var policy: FailoverPolicy
    private let offload: Offload<HealthCheck.Outcome>
    private var alarm: Alarm?
    /// Between checks while no server can be used.
    private var checkBackoff = Backoff()
    /// Whether the last check could not begin, so that the log says it once.
    private var cannotCheck = false
    /// Tables that health checks read.
    private var tables: [String] = []
    /// What the server is whose schema is served, and so what all must be; nil while there is no schema.
    private var kind: Dialect.Kind?
    /// When a refused query may next bring a health check forward.
    private var nextEarlyCheck = Instant.zero
    /// How often another server was chosen.
    private(set) var changes = 0
    /// Called when another server is used from now on.
    var onChange: () -> Void = {}
    /// Called when the active server turns out to be of another kind than the one whose schema is served.
    var onOtherKind: () -> Void = {}
    /// Called when a server has been checked or an attempt to use it has failed: its health may have changed.
    var onFinding: () -> Void = {}
    /// Whether a server has connections that serve.
    var isConnected: (ServerIndex) -> Bool = { _ in false }

    init(_ settings: Settings.Database, loop: EventLoop, logger: Logger) throws(ReactorError) {
        self.settings = settings
        self.loop = loop
        self.logger = logger
        servers = try settings.candidates.map { server throws(ReactorError) in
            Server(
                source: try EndpointSource(Endpoint(settings, at: server, purpose: .loads), loop: loop))
        }
        policy = FailoverPolicy(count: servers.count)
        offload = try Offload(loop)
        alarm = Alarm(loop) { [unowned self] in checkAll() }
    }

    /// The place in the list of the server that new connections go to.
    var active: ServerIndex { policy.active }
    var activeServer: DatabaseServer { settings.candidates[active] }
    /// Where new connections go.
    var source: EndpointSource { servers[active].source }
    var areSeveral: Bool { servers.count > 1 }

    /// Whether another server may yet turn out to be usable, while the active one is not.
    var isFindingReplacement: Bool { servers.contains { $0.check == .awaited } }

    /// Whether nothing is to be asked just now: the active server refuses everything, and it is being found
    /// out whether another could answer.
    var isPaused: Bool { isFindingReplacement && policy.isRefusing(active) }

    func isRefusing(_ server: ServerIndex) -> Bool { policy.isRefusing(server) }

    func isUnwell(_ server: ServerIndex) -> Bool {
        if case .unwell = policy.health(of: server) { true } else { false }
    }

    /// How each server is, in the order of preference.
    var states: [(server: DatabaseServer, state: String)] {
        settings.candidates.enumerated().map { index, server in
            let isLacking = policy.health(of: index) == .well && !policy.queriesRefusedOnly(by: index).isEmpty
            return (
                server, index == active ? "active" : isLacking ? "refusing" : policy.health(of: index).word
            )
        }
    }

    /// Has health checks read the tables of this catalog from now on, of servers of this kind: its SQL is for
    /// no other.
    func serve(_ catalog: Catalog, of kind: Dialect.Kind) {
        tables = HealthCheck.tables(of: catalog)
        self.kind = kind
    }

    /// Has the schema read again if the server of a connection that has come about is of another kind than
    /// the schema is for. Returns why the connection cannot be used then; nil if it can.
    func rejectIfOtherKind(_ dialect: Dialect?) -> DatabaseError? {
        guard let kind, let dialect, let error = DatabaseError(dialect, where: kind) else { return nil }
        onOtherKind()
        return error
    }

    /// Checks all servers, now and then from time to time. A single one has no alternative, and is left
    /// alone.
    func watch() {
        if areSeveral { checkAll() }
    }

    /// Takes effect for connections that are made, and health checks that begin, from now on.
    func reconfigure(_ settings: Settings.Database) {
        self.settings = settings
        for (server, candidate) in zip(servers, settings.candidates) {
            server.source.endpoint = Endpoint(settings, at: candidate, purpose: .loads)
        }
        watch()
    }

    // MARK: What connections report

    func connected(to server: ServerIndex) { policy.connected(to: server) }

    /// A query has ended with an error of the server's.
    func answered(by server: ServerIndex) { servers[server].lastAnswer = loop.now }

    /// A query that has not ended yet has brought rows: whatever a check says that began before, the server
    /// is there.
    func sentRows(_ server: ServerIndex) {
        guard areSeveral else { return }
        servers[server].lastAnswer = loop.now
        servers[server].lastRows = loop.now
    }

    /// A query has ended as it should.
    func completed(at server: ServerIndex) {
        servers[server].lastAnswer = loop.now
        servers[server].lastRows = loop.now
        if areSeveral, policy.isRefusing(server) { update { $0.completed(at: server) } }
    }

    /// A query has met an error that is the server's state.
    /// - Returns: whether another server may answer the query.
    func refused(_ error: DatabaseError, by server: ServerIndex) -> Bool {
        guard areSeveral else { return false }
        let wasWell = policy.isActiveWell
        update { $0.refused(error, by: server, at: loop.now) }
        if policy.isActiveWell { return active != server }
        guard wasWell else { return isFindingReplacement }
        findReplacement()
        return isFindingReplacement
    }

    /// Bytes of a query beyond which health checks do not try it.
    private static let maxSuspectBytes = 1 << 16

    /// A query has met an error that is not the state of the whole server: it concerns one table, perhaps at
    /// this server only.
    func refused(_ name: String, _ sql: [UInt8], _ error: DatabaseError, by server: ServerIndex) {
        guard areSeveral, sql.count <= Self.maxSuspectBytes else { return }
        let isKnown = policy.isSuspect(name)
        guard
            isKnown || policy.addSuspect(.init(name: name, sql: String(decoding: sql, as: UTF8.self)))
        else { return }
        // A name that is not there any more may have been renamed on all servers, on one before the others:
        // that is for health checks to find out.
        if error.scope != .missingName { policy.refused(suspect: name, by: server) }
        guard !isKnown, loop.now >= nextEarlyCheck else { return }
        nextEarlyCheck = loop.now + checkInterval
        checkAll()
    }

    /// The active server has no connection, and an attempt to have one has failed.
    func failed(_ error: DatabaseError) {
        let wasWell = policy.isActiveWell
        update { $0.failed(error, at: loop.now) }
        if wasWell, areSeveral { findReplacement() }
    }

    private func findReplacement() {
        checkAll()
        for index in servers.indices where servers[index].check != .none {
            servers[index].check = index == active ? .underWay : .awaited
        }
    }

    // MARK: Health checks

    private var checkInterval: TimeSpan { .seconds(settings.checkIntervalSeconds) }

    private func checkAll() {
        // A server that has not answered the last check is not asked again before it has.
        for index in servers.indices where servers[index].check == .none { check(index) }
        if policy.isActiveWell { checkBackoff.reset() }
        let pause = policy.isActiveWell ? checkInterval : min(checkBackoff.next(), checkInterval)
        alarm?.set(at: loop.now + pause)
    }

    private func check(_ server: ServerIndex) {
        servers[server].check = .underWay
        let endpoint = Endpoint(settings, at: settings.candidates[server], purpose: .healthCheck)
        let check = HealthCheck(
            maxLag: settings.maxLagSeconds, kind: kind, tables: tables,
            suspects: policy.nextSuspects(at: server))
        let began = loop.now
        offload.run {
            check.run(endpoint)
        } then: { [unowned self] result in
            servers[server].check = .none
            switch result {
            case .success(let outcome):
                cannotCheck = false
                checked(server, outcome, began: began)
            case .failure(let error): couldNotCheck(error)
            }
        }
    }

    /// No thread could be made, which says nothing of the server.
    private func couldNotCheck(_ error: ReactorError) {
        if !cannotCheck { logger.warning("database servers cannot be looked at: \(error); trying again") }
        cannotCheck = true
        // There may be no replacement to wait for any more.
        onFinding()
    }

    /// - Parameter began: when the check began.
    private func checked(_ server: ServerIndex, _ outcome: HealthCheck.Outcome, began: Instant) {
        let finding = outcome.finding
        logger.debug(
            "a server was looked at",
            metadata: ["server": "\(settings.candidates[server])", "finding": "\(finding)"])
        let serves = isConnected(server)
        // That a server answers with errors does not speak against a check that met one.
        let isRefusal = if case .unwell(let error) = finding { error.kind == .statement } else { false }
        let lastAnswer = isRefusal ? servers[server].lastRows : servers[server].lastAnswer
        let hasAnswered = lastAnswer.map { $0 > began } ?? false
        update {
            $0.record(
                finding, of: server, isConnected: serves, hasAnswered: serves && hasAnswered, at: loop.now)
            $0.record(trials: outcome.trials, at: server, at: loop.now)
        }
    }

    private func update(_ change: (inout FailoverPolicy) -> Void) {
        let before = policy
        change(&policy)
        for (index, server) in settings.candidates.enumerated() {
            let health = policy.health(of: index)
            if health != before.health(of: index) { log(server, health, before: before.health(of: index)) }
            let news = policy.queriesRefusedOnly(by: index).subtracting(before.queriesRefusedOnly(by: index))
            if index == before.active, !news.isEmpty, policy.active != before.active {
                logger.warning(
                    "database server \(server) is passed over: it refuses queries of \(news.sorted())")
            }
        }
        if policy.active != before.active {
            changes += 1
            logger.warning(
                "another database server is used from now on",
                metadata: ["server": "\(activeServer)", "before": "\(settings.candidates[before.active])"])
            onChange()
        }
        onFinding()
    }

    private func log(
        _ server: DatabaseServer, _ health: FailoverPolicy.Health, before: FailoverPolicy.Health
    ) {
        guard areSeveral, health.word != before.word else { return }
        switch health {
        case .unknown: break
        case .well:
            if before != .unknown { logger.notice("database server \(server) is well again") }
        case .lagging(let text): logger.warning("database server \(server) is passed over: \(text)")
        case .unwell(let error):
            logger.error("database server \(server) is not usable: \(error.explained(settings))")
        }
    }
}

extension FailoverPolicy.Health {
    /// The word that `stats` shows for it.
    fileprivate var word: String {
        switch self {
        case .unknown: "unknown"
        case .well: "well"
        case .lagging: "lagging"
        case .unwell: "unwell"
        }
    }
}
