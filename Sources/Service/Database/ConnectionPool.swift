import Configuration
import Loading
import Logging
import MariaDB
import Planning
import Reactor
import Relations
import Time

/// The connections to the database. It knows which are free and whether there is a database at all.
final class ConnectionPool: QueryRunner {
    /// Whether there is a database, as far as attempts to connect show.
    private enum Availability {
        /// Connected, or no attempt has failed yet. Next: failing.
        case available
        /// The last attempt has failed, but another slot or server may still succeed. Next: available,
        /// unavailable.
        case failing(DatabaseError)
        /// All attempts have failed. `news` is the error of an attempt that has failed since, and that nobody
        /// has been told yet. Next: available.
        case unavailable(DatabaseError, news: DatabaseError?)
    }

    private unowned let engine: Engine
    let logger: Logger
    /// Whether the log tells of every query.
    let logsQueries: Bool
    private var settings: Settings.Database
    private var losses: ConnectionLosses?
    /// Called when there may be a database where there was none or the reverse, or when the reason may have
    /// changed.
    var onChange: () -> Void = {}
    let servers: DatabaseServers
    let killer: QueryKiller
    /// Where connections over TLS are made: each attempt on a thread of its own, so that a server which falls
    /// silent holds up nobody else's.
    let handshakes: Offload<DatabaseError?>
    private var slots: [ConnectionSlot] = []
    private var availability = Availability.available
    /// Why the database answers no query, though it lets us in; nil once one has been answered.
    private(set) var refusal: DatabaseError?

    init(
        engine: Engine, servers: DatabaseServers, killer: QueryKiller,
        handshakes: Offload<DatabaseError?>, settings: Settings.Database, logger: Logger
    ) {
        self.engine = engine
        self.servers = servers
        self.killer = killer
        self.handshakes = handshakes
        self.logger = logger
        logsQueries = logger.logLevel <= .debug
        self.settings = settings
    }

    /// Takes effect for connections that are made from now on: what a server was told of
    /// `statement_timeout_s` stays so.
    func reconfigure(_ settings: Settings.Database) {
        self.settings = settings
        servers.reconfigure(settings)
    }

    /// How long a query may take on a connection that is made now before it is given up; nil: for ever.
    var statementTimeout: TimeSpan? { settings.statementTimeout }

    /// How long an attempt to connect may take before it is given up.
    var connectTimeout: TimeSpan { settings.connectTimeout }

    func open(connections: Int, loop: EventLoop) {
        losses = ConnectionLosses(loop, logger)
        slots = (0..<connections).map { _ in ConnectionSlot(pool: self, loop: loop) }
        for slot in slots { slot.open() }
        servers.isConnected = { [unowned self] in serves(from: $0) }
        servers.watch()
    }

    func close() {
        for slot in slots { slot.close() }
        slots = []
        losses?.report()
    }

    /// Why the last connection was lost or the last attempt failed; nil while there is a database, or one may
    /// yet be found.
    var outageCause: DatabaseError? {
        switch availability {
        case .available, .failing: nil
        case .unavailable(let error, _): error
        }
    }

    var outage: QueryFailure? { outageCause.map { QueryFailure($0) } }

    var openConnections: Int { slots.count(where: \.isConnected) }

    var serverStates: [(name: String, state: String)] {
        servers.states.map { ("\($0.server)", $0.state) }
    }

    var serverChanges: Int { servers.changes }

    // MARK: Queries

    var hasFreeConnection: Bool { !servers.isPaused && slots.contains(where: isFree) }

    /// A connection that has not yet left a server that is unwell is given no more queries.
    private func isFree(_ slot: ConnectionSlot) -> Bool {
        slot.isIdle && (slot.server == servers.active || !servers.isUnwell(slot.server))
    }

    func run(_ query: BatchQuery) {
        guard let slot = slots.first(where: isFree) else {
            preconditionFailure("ask hasFreeConnection first")
        }
        slot.run(query)
    }

    func kill(_ query: BatchQuery) {
        slots.first { $0.isRunning(query) }?.kill()
    }

    // MARK: Several servers

    private func serves(from server: ServerIndex) -> Bool {
        slots.contains { $0.isConnected && $0.server == server }
    }

    /// Another server is active, or one has been found unwell. Slots without a connection, and those of a
    /// server that is unwell, go to the active one at once; the others follow one by one, so that there are
    /// always some that serve.
    func rearrange() {
        leaveUnwell()
        moveNext()
        declareOutage()
    }

    /// A query that is under way at a server which refuses what is asked now ends there: it may yet have its
    /// rows.
    private func leaveUnwell() {
        for slot in slots where slot.server != servers.active {
            let mayEnd = servers.isRefusing(slot.server) && !slot.isIdle
            if !slot.isConnected || servers.isUnwell(slot.server) && !mayEnd { slot.leave() }
        }
    }

    /// Gives up connections to servers of another kind than the one whose schema is served from now on. What
    /// stands behind an address can become another server without the loss of a connection.
    func leaveServersOfOtherKind(than kind: Dialect.Kind) {
        let others = slots.filter { $0.isConnected(toOtherThan: kind) }
        guard !others.isEmpty else { return }
        logger.warning(
            "the server is of another kind than before; connections to the one before are given up",
            metadata: ["kind": "\(kind)", "connections": "\(others.count)"])
        for slot in others { slot.leave() }
    }

    private func moveNext() {
        guard servers.areSeveral, slots.allSatisfy(\.isConnected) else { return }
        slots.first { $0.isIdle && $0.server != servers.active }?.leave()
    }

    // MARK: What slots report

    func slotFinished(_ query: BatchQuery, _ outcome: SlotOutcome, at server: ServerIndex) {
        var outcome = outcome
        switch outcome {
        case .complete:
            servers.completed(at: server)
            note(refusal: nil)
        case .failed(let error) where error.kind == .statement:
            servers.answered(by: server)
            switch error.scope {
            // As if it had been lost on the way: it is asked again, of the server that is active then.
            case .server:
                if servers.refused(error, by: server) {
                    outcome = .failed(error.asLoss)
                } else {
                    note(refusal: error)
                }
            case .table, .missingName, .accessDenied:
                servers.refused(query.template.relationship.name, query.statement.sql, error, by: server)
            case .moment, .keys, .unknown: break
            }
        case .failed, .changedColumns: break
        }
        engine.finished(query, BatchQuery.Outcome(outcome))
        slotBecameFree()
    }

    private func note(refusal error: DatabaseError?) {
        guard error?.errno != refusal?.errno else { return }
        refusal = error
        onChange()
    }

    /// Rows have come of a query that has not ended.
    func slotHasRows(from server: ServerIndex) { servers.sentRows(server) }

    /// A slot has no query any more.
    func slotBecameFree() {
        guard servers.areSeveral else { return }
        leaveUnwell()
        moveNext()
    }

    func slotConnected(to server: ServerIndex) {
        servers.connected(to: server)
        moveNext()
        let outage = outageCause
        availability = .available
        defer { onChange() }
        guard let outage else { return }
        logger.notice("the database is back", metadata: ["after": "\(outage)"])
        engine.databaseReturned()
    }

    /// - Parameter wasConnected: whether a connection has ended; otherwise an attempt to have one has failed.
    func slotLost(_ error: DatabaseError, of server: ServerIndex, wasConnected: Bool) {
        logger.debug(
            wasConnected ? "a connection was lost" : "no connection came about",
            metadata: ["error": "\(error)"])
        if wasConnected {
            losses?.add("\(error)")
            onChange()
            // A query that is asked once more is not to meet the same end.
            for slot in slots { slot.checkIdle() }
            return
        }
        guard server == servers.active, !serves(from: server) else { return }
        servers.failed(error)
        availability =
            switch availability {
            case .available, .failing: .failing(error)
            case .unavailable(let known, _): .unavailable(known, news: error)
            }
        declareOutage()
    }

    /// Tells everybody that there is no database, unless one may yet be found: at another server, over
    /// connections to one that was to be left, or by a slot that has not tried yet, because a single attempt
    /// may fail by itself, killed or one too many.
    private func declareOutage() {
        guard slots.allSatisfy(\.hasFailed), !servers.isFindingReplacement else { return }
        let error: DatabaseError
        switch availability {
        case .available, .unavailable(_, news: nil): return
        case .unavailable(_, news: let news?): error = news
        case .failing(let failure):
            error = failure
            logger.error(
                "no connection to the database; trying again until there is one",
                metadata: ["error": "\(error.explained(settings))"])
        }
        availability = .unavailable(error, news: nil)
        onChange()
        engine.databaseLost(QueryFailure(error))
    }
}

extension DatabaseError {
    /// What a refusal means for a query that another server may answer.
    fileprivate var asLoss: DatabaseError {
        DatabaseError(errno: errno, sqlState: sqlState, message: message, kind: .connectionLost)
    }
}

/// Logs connections that were lost. A server that goes takes all of them along within a moment, and the log
/// says so once.
private final class ConnectionLosses {
    /// How long losses are gathered.
    private static let window = TimeSpan.milliseconds(100)

    private let loop: EventLoop
    private let logger: Logger
    /// By the text of the error.
    private var counts: [String: Int] = [:]
    private var alarm: Alarm?

    init(_ loop: EventLoop, _ logger: Logger) {
        self.loop = loop
        self.logger = logger
        alarm = Alarm(loop) { [unowned self] in report() }
    }

    func add(_ error: String) {
        if counts.isEmpty { alarm?.set(at: loop.now + Self.window) }
        counts[error, default: 0] += 1
    }

    func report() {
        for (error, count) in counts.sorted(by: { $0.key < $1.key }) {
            let message: Logger.Message =
                count == 1 ? "a database connection was lost" : "\(count) database connections were lost"
            logger.info(message, metadata: ["error": "\(error)"])
        }
        counts = [:]
    }
}
