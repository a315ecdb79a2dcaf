import Configuration
import Logging
import MariaDB
import Planning
import Reactor
import Relations

/// The connections to the database. It knows which are free and whether there is a database at all.
final class Pool: Backend {
    private unowned let engine: Engine
    let logger: Logger
    private var settings: Settings.Database
    private var losses: ConnectionLosses?
    /// Whether there is a database, or why there is none, may be something else than before.
    var onChange: () -> Void = {}
    let servers: Servers
    let killer: Killer
    /// Nanoseconds after which a server that says nothing is given up; nil: never.
    private(set) var statementPatience: Int64?
    private(set) var connectPatience: Int64
    private var lanes: [Lane] = []
    /// Why the last connection was lost or the last attempt failed, while none is up.
    private(set) var outage: DatabaseError?
    /// Why the database answers no query, though it lets us in; nil once one has been answered.
    private(set) var refusal: DatabaseError?
    /// Of an attempt that has not been told of yet.
    private var lastFailure: DatabaseError?

    init(
        engine: Engine, servers: Servers, killer: Killer, settings: Settings.Database, logger: Logger
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
        lanes = (0..<connections).map { _ in Lane(pool: self, loop: loop) }
        for lane in lanes { lane.open() }
        servers.isConnected = { [unowned self] in serves(from: $0) }
        servers.watch()
    }

    func close() {
        for lane in lanes { lane.close() }
        lanes = []
        losses?.report()
    }

    var hasIdleLane: Bool { !servers.isPaused && lanes.contains(where: isFree) }

    /// One that has not yet left a server that is not well is asked nothing more.
    private func isFree(_ lane: Lane) -> Bool {
        lane.isIdle && (lane.server == servers.active || !servers.isUnwell(lane.server))
    }

    func run(_ job: Job) {
        guard let lane = lanes.first(where: isFree) else { preconditionFailure("ask hasIdleLane first") }
        lane.run(job)
    }

    func kill(_ job: Job) {
        lanes.first { $0.isRunning(job) }?.kill()
    }

    var connectedLanes: Int { lanes.count(where: \.isConnected) }

    var serverStates: [(name: String, state: String)] {
        servers.states.map { ("\($0.server)", $0.state) }
    }

    var serverChanges: Int { servers.changes }

    // MARK: Several servers

    private func serves(from server: Int) -> Bool {
        lanes.contains { $0.isConnected && $0.server == server }
    }

    /// Another server is active, or one has been found unwell. Lanes without a connection, and those of a server that is
    /// not well, go to the active one at once; the others follow one by one, so that there are always some that serve.
    func rearrange() {
        leaveUnwell()
        moveNext()
        declareOutage()
    }

    /// A query that is under way at a server which refuses what is asked now ends there: it may yet have its rows.
    private func leaveUnwell() {
        for lane in lanes where lane.server != servers.active {
            let mayEnd = servers.isRefusing(lane.server) && !lane.isIdle
            if !lane.isConnected || servers.isUnwell(lane.server) && !mayEnd { lane.leave() }
        }
    }

    private func moveNext() {
        guard servers.areSeveral, lanes.allSatisfy(\.isConnected) else { return }
        lanes.first { $0.isIdle && $0.server != servers.active }?.leave()
    }

    // MARK: What lanes report

    func laneFinished(_ job: Job, _ outcome: Job.Outcome, at server: Int) {
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
            case .table:
                servers.doubt(job.route.relationship.name, job.statement.sql, error, at: server)
            case .moment, .keys, .unknown: break
            }
        case .failed, .changedColumns: break
        }
        engine.finished(job, outcome)
        laneIsFree()
    }

    private func note(refusal error: DatabaseError?) {
        guard error?.errno != refusal?.errno else { return }
        refusal = error
        onChange()
    }

    /// Rows have come of a query that has not ended: whatever a look says that began before, the server is there.
    func laneHasRows(from server: Int) { servers.hasSentRows(server) }

    /// A lane has no job any more.
    func laneIsFree() {
        guard servers.areSeveral else { return }
        leaveUnwell()
        moveNext()
    }

    func laneConnected(to server: Int) {
        servers.connected(to: server)
        moveNext()
        lastFailure = nil
        defer { onChange() }
        guard let last = outage else { return }
        outage = nil
        logger.notice("the database is back", metadata: ["after": "\(last)"])
        engine.databaseReturned()
    }

    /// - Parameter wasConnected: a connection has ended; otherwise an attempt to have one has failed.
    func laneLost(_ error: DatabaseError, of server: Int, wasConnected: Bool) {
        logger.debug(
            wasConnected ? "a connection was lost" : "no connection came about",
            metadata: ["error": "\(error)"])
        if wasConnected {
            losses?.add("\(error)")
            onChange()
            // What is asked once more is not to meet the same end.
            for lane in lanes { lane.checkIdle() }
            return
        }
        guard server == servers.active, !serves(from: server) else { return }
        servers.failed(error)
        lastFailure = error
        declareOutage()
    }

    /// There is hope where there is another server, connections to one that was to be left, or a lane that has not tried
    /// yet: a single attempt may fail by itself, killed or one too many.
    private func declareOutage() {
        guard let error = lastFailure, lanes.allSatisfy(\.hasFailed), !servers.isHopeful else { return }
        lastFailure = nil
        if outage == nil {
            logger.error(
                "no connection to the database; trying again until there is one",
                metadata: ["error": "\(error.explained(settings))"])
        }
        outage = error
        onChange()
        engine.databaseLost(error)
    }
}

extension DatabaseError {
    /// What it means for a query that another server may answer.
    fileprivate var asLoss: DatabaseError {
        DatabaseError(errno: errno, sqlState: sqlState, message: message, kind: .connectionLost)
    }
}
