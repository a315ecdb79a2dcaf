import Configuration
import Loading
import Logging
import MariaDB
import Planning
import Reactor
import Relations

/// The connections to the database. It knows which are free and whether there is a database at all.
final class ConnectionPool: QueryRunner {
    private unowned let engine: Engine
    let logger: Logger
    private var settings: Settings.Database
    private var losses: ConnectionLosses?
    /// Whether there is a database, or why there is none, may be something else than before.
    var onChange: () -> Void = {}
    let servers: DatabaseServers
    let killer: QueryKiller
    /// Nanoseconds after which a server that says nothing is given up; nil: never.
    private(set) var statementPatience: Int64?
    private(set) var connectPatience: Int64
    private var slots: [ConnectionSlot] = []
    /// Why the last connection was lost or the last attempt failed, while none is up.
    private(set) var lastOutage: DatabaseError?
    /// Why the database answers no query, though it lets us in; nil once one has been answered.
    private(set) var refusal: DatabaseError?
    /// Of an attempt that has not been told of yet.
    private var lastFailure: DatabaseError?

    init(
        engine: Engine, servers: DatabaseServers, killer: QueryKiller, settings: Settings.Database,
        logger: Logger
    ) {
        self.engine = engine
        self.servers = servers
        self.killer = killer
        self.logger = logger
        self.settings = settings
        statementPatience = settings.statementPatience
        connectPatience = settings.connectPatience
    }

    /// For the connections that are made from now on: what a server was told of `statement_timeout_s` stays so.
    func reconfigure(_ settings: Settings.Database) {
        self.settings = settings
        statementPatience = settings.statementPatience
        connectPatience = settings.connectPatience
        servers.reconfigure(settings)
    }

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

    var outage: QueryFailure? { lastOutage.map { QueryFailure($0) } }

    var hasFreeConnection: Bool { !servers.isPaused && slots.contains(where: isFree) }

    /// One that has not yet left a server that is not well is asked nothing more.
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

    var openConnections: Int { slots.count(where: \.isConnected) }

    var serverStates: [(name: String, state: String)] {
        servers.states.map { ("\($0.server)", $0.state) }
    }

    var serverChanges: Int { servers.changes }

    // MARK: Several servers

    private func serves(from server: Int) -> Bool {
        slots.contains { $0.isConnected && $0.server == server }
    }

    /// Another server is active, or one has been found unwell. Slots without a connection, and those of a server that is
    /// not well, go to the active one at once; the others follow one by one, so that there are always some that serve.
    func rearrange() {
        leaveUnwell()
        moveNext()
        declareOutage()
    }

    /// A query that is under way at a server which refuses what is asked now ends there: it may yet have its rows.
    private func leaveUnwell() {
        for slot in slots where slot.server != servers.active {
            let mayEnd = servers.isRefusing(slot.server) && !slot.isIdle
            if !slot.isConnected || servers.isUnwell(slot.server) && !mayEnd { slot.leave() }
        }
    }

    private func moveNext() {
        guard servers.areSeveral, slots.allSatisfy(\.isConnected) else { return }
        slots.first { $0.isIdle && $0.server != servers.active }?.leave()
    }

    // MARK: What slots report

    func slotFinished(_ query: BatchQuery, _ outcome: SlotOutcome, at server: Int) {
        var outcome = outcome
        switch outcome {
        case .complete:
            servers.read(from: server)
            note(refusal: nil)
        case .failed(let error) where error.kind == .statement:
            servers.answered(by: server)
            switch error.scope {
            // As if it had been lost on the way: it is asked again, of whoever is active then.
            case .server:
                if servers.refused(error, by: server) {
                    outcome = .failed(error.asLoss)
                } else {
                    note(refusal: error)
                }
            case .table, .missingName, .accessDenied:
                servers.doubt(query.template.relationship.name, query.statement.sql, error, at: server)
            case .moment, .keys, .unknown: break
            }
        case .failed, .changedColumns: break
        }
        engine.finished(query, BatchQuery.Outcome(outcome))
        slotIsFree()
    }

    private func note(refusal error: DatabaseError?) {
        guard error?.errno != refusal?.errno else { return }
        refusal = error
        onChange()
    }

    /// Rows have come of a query that has not ended: whatever a look says that began before, the server is there.
    func slotHasRows(from server: Int) { servers.hasSentRows(server) }

    /// A slot has no query any more.
    func slotIsFree() {
        guard servers.areSeveral else { return }
        leaveUnwell()
        moveNext()
    }

    func slotConnected(to server: Int) {
        servers.connected(to: server)
        moveNext()
        lastFailure = nil
        defer { onChange() }
        guard let last = lastOutage else { return }
        lastOutage = nil
        logger.notice("the database is back", metadata: ["after": "\(last)"])
        engine.databaseReturned()
    }

    /// - Parameter wasConnected: a connection has ended; otherwise an attempt to have one has failed.
    func slotLost(_ error: DatabaseError, of server: Int, wasConnected: Bool) {
        logger.debug(
            wasConnected ? "a connection was lost" : "no connection came about",
            metadata: ["error": "\(error)"])
        if wasConnected {
            losses?.add("\(error)")
            onChange()
            // What is asked once more is not to meet the same end.
            for slot in slots { slot.checkIdle() }
            return
        }
        guard server == servers.active, !serves(from: server) else { return }
        servers.failed(error)
        lastFailure = error
        declareOutage()
    }

    /// There is hope where there is another server, connections to one that was to be left, or a slot that has not tried
    /// yet: a single attempt may fail by itself, killed or one too many.
    private func declareOutage() {
        guard let error = lastFailure, slots.allSatisfy(\.hasFailed), !servers.isHopeful else { return }
        lastFailure = nil
        if lastOutage == nil {
            logger.error(
                "no connection to the database; trying again until there is one",
                metadata: ["error": "\(error.explained(settings))"])
        }
        lastOutage = error
        onChange()
        engine.databaseLost(QueryFailure(error))
    }
}

extension DatabaseError {
    /// What it means for a query that another server may answer.
    fileprivate var asLoss: DatabaseError {
        DatabaseError(errno: errno, sqlState: sqlState, message: message, kind: .connectionLost)
    }
}
