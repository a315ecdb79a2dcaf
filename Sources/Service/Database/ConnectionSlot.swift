import Loading
import Logging
import MariaDB
import Planning
import Reactor

/// One place in the pool: a connection to the database, or the next attempt to have one.
final class ConnectionSlot {
    private enum State {
        /// Next: resolving, closed.
        case down
        /// The server's name is being looked up. Next: connecting, down, closed.
        case resolving
        /// Next: idle, down, closed.
        case connecting(Connection)
        /// Next: busy, down, closed.
        case idle(Connection)
        /// Next: idle, recovering, down, closed.
        case busy(Connection, BatchQuery)
        /// The query has ended, but the server may still be told to stop it: a new one could be hit. Next: idle, down,
        /// closed.
        case recovering(Connection)
        /// For good.
        case closed
    }

    private unowned let pool: ConnectionPool
    private let loop: EventLoop
    /// The place in the list of the server that it is connected to, or last tried.
    private(set) var server = 0
    private var state = State.down
    private var watch: Watch?
    /// While down: when to try again. While busy or connecting: when to give up waiting.
    private var alarm: Alarm?
    private var backoff = Backoff()
    private var connectedSince: Int64 = 0
    /// Whether an attempt at its server has failed since it was last connected.
    private(set) var hasFailed = false
    /// What its connection's server was told: nanoseconds that a query may take, and some more. Nil: no end.
    private var statementPatience: Int64?
    /// When the connection's query must be over, whatever the server does.
    private var patience: Int64?
    /// What is said of the connection then.
    private var beyondPatience = ConnectionSlot.silence
    /// When libmariadb wants to be told that what it waits for has not happened.
    private var libraryTimeout: Int64?
    /// Where the connection goes, with the address that was found for its host.
    private var endpoint: Endpoint?
    /// Whether the server is being told to stop the query.
    private var isKilling = false
    /// Counts the connections, so that a late continuation finds out that its own is gone.
    private var generation = 0

    init(pool: ConnectionPool, loop: EventLoop) {
        self.pool = pool
        self.loop = loop
        alarm = Alarm(loop) { [unowned self] in alarmRang() }
    }

    var isIdle: Bool { if case .idle = state { true } else { false } }

    var isConnected: Bool {
        switch state {
        case .idle, .busy, .recovering: true
        case .down, .resolving, .connecting, .closed: false
        }
    }

    func isRunning(_ query: BatchQuery) -> Bool {
        if case .busy(_, let own) = state { own === query } else { false }
    }

    func open() {
        guard case .down = state else { return }
        state = .resolving
        generation += 1
        let asked = generation
        server = pool.servers.active
        pool.servers.source.next { [unowned self] result in
            guard case .resolving = state, asked == generation else { return }
            switch result {
            case .success(let endpoint):
                self.endpoint = endpoint
                connect(Connection(endpoint))
            case .failure(let error): fail(error)
            }
        }
    }

    /// - Precondition: the slot is idle.
    func run(_ query: BatchQuery) {
        guard case .idle(let connection) = state else { preconditionFailure("a query needs an idle slot") }
        state = .busy(connection, query)
        (patience, beyondPatience) = (statementPatience.map { loop.now + $0 }, Self.silence)
        pool.logger.querySent(query, connection: connection.threadID)
        proceed(connection, connection.query(query.statement.sql))
    }

    /// Has the server stop the query that is under way. It ends with an error, or as it would have.
    func kill() {
        guard case .busy(let connection, let query) = state, !isKilling, let endpoint else { return }
        isKilling = true
        let current = generation
        let running = RunningQuery(threadID: connection.threadID, sql: query.statement.sql)
        pool.killer.kill(running, at: endpoint) { [unowned self] outcome in
            guard current == generation else { return }
            killed(outcome)
        }
    }

    /// Nanoseconds that a server has, where nothing else bounds it, to end a query that it has been told to stop.
    private static let killPatience: Int64 = 30_000_000_000
    /// Nanoseconds in which the end of a query arrives that the server was found not to run any more.
    private static let endPatience: Int64 = 1_000_000_000

    private func killed(_ outcome: QueryKiller.Outcome) {
        pool.logger.debug("the server was asked to stop the query", metadata: ["outcome": "\(outcome)"])
        isKilling = false
        switch (state, outcome) {
        // Whatever the reason: the server will not end the query for us, or it will later, and hits the next one.
        case (.recovering, .failed(let error)), (.busy, .failed(let error)): fail(error)
        case (.recovering(let connection), .told), (.recovering(let connection), .notThere):
            becomeIdle(connection, connected: false)
            pool.slotIsFree()
        case (.busy, .told):
            patience = patience ?? loop.now + Self.killPatience
            armAlarm()
        // Its end is on its way; or it was another server that was asked, and then this connection is given up: the query
        // ends by `max_statement_time`.
        case (.busy, .notThere):
            patience = min(patience ?? .max, loop.now + Self.endPatience)
            beyondPatience = Self.unstoppable
            armAlarm()
        case (.down, _), (.resolving, _), (.connecting, _), (.idle, _), (.closed, _): break
        }
    }

    /// Whoever ended one connection may have ended this one too; the news may not have been read yet.
    func checkIdle() {
        if case .idle(let connection) = state, let error = connection.checkIdle() { fail(error) }
    }

    /// Gives up its server for the one that is active now. A query that is under way is lost.
    func leave() {
        if case .closed = state { return }
        let left = server
        let query = endedQuery(.failed(Self.leftServer))
        abandonConnection()
        state = .down
        hasFailed = false
        backoff.reset()
        open()
        if let query { pool.slotFinished(query, .failed(Self.leftServer), at: left) }
    }

    private static let leftServer = DatabaseError(
        errno: ErrorNumber.serverLost, message: "its server was given up for another", kind: .connectionLost)

    func close() {
        abandonConnection()
        alarm = nil
        state = .closed
    }

    private func connect(_ connection: Connection) {
        state = .connecting(connection)
        statementPatience = pool.statementPatience
        (patience, beyondPatience) = (loop.now + pool.connectPatience, Self.silence)
        proceed(connection, connection.connect())
    }

    // MARK: What the connection says

    /// Nanoseconds after which a connection has proved itself.
    private static let goodWhile: Int64 = 1_000_000_000

    private func proceed(_ connection: Connection, _ first: Progress) {
        var progress = first
        var (rows, bytes) = (0, 0)
        while true {
            switch progress {
            case .waiting(let interest):
                if rows > 0 { pool.slotHasRows(from: server) }
                return wait(connection, for: interest)
            case .connected: return becomeIdle(connection, connected: true)
            case .columns(let columns):
                guard currentQuery.accepts(columns.map { CellKind($0.kind) }) else {
                    return dropConnection(.changedColumns)
                }
                progress = connection.fetch()
            case .row:
                let row = connection.currentRow
                currentQuery.take(RowView(row))
                rows += 1
                bytes += row.byteCount
                if rows == TurnBudget.rowsTaken || bytes > TurnBudget.bytesTaken {
                    pool.slotHasRows(from: server)
                    return continueNextTurn(connection)
                }
                progress = connection.fetch()
            case .end: return finish(connection, .complete)
            case .done: return finish(connection, .changedColumns)
            case .failed(let error) where error.kind == .statement && isConnected:
                return finish(connection, .failed(error))
            case .failed(let error): return fail(error)
            }
        }
    }

    private var currentQuery: BatchQuery {
        guard case .busy(_, let query) = state else { preconditionFailure("rows come to a busy slot only") }
        return query
    }

    private func continueNextTurn(_ connection: Connection) {
        watch?.set(readable: false, writable: false)
        libraryTimeout = nil
        armAlarm()
        let current = generation
        loop.onNextTurn { [unowned self] in
            guard case .busy = state, current == generation else { return }
            proceed(connection, connection.fetch())
        }
    }

    private func wait(_ connection: Connection, for interest: Interest) {
        if watch?.fileDescriptor != interest.fileDescriptor {
            watch?.cancel()
            watch = Watch(loop, fileDescriptor: interest.fileDescriptor) { [unowned self] in ready($0) }
        }
        watch?.set(
            readable: interest.events.contains(.readable), writable: interest.events.contains(.writable))
        libraryTimeout = interest.timeoutMilliseconds.map { loop.now + Int64($0) * 1_000_000 }
        armAlarm()
    }

    private func armAlarm() {
        let next = [libraryTimeout, patience].compactMap { $0 }.min()
        if let next { alarm?.set(at: next) } else { alarm?.clear() }
    }

    private func ready(_ readiness: Reactor.Readiness) {
        var events: MariaDB.Readiness = []
        if readiness.contains(.readable) { events.insert(.readable) }
        if readiness.contains(.writable) { events.insert(.writable) }
        switch state {
        case .connecting(let connection), .busy(let connection, _):
            proceed(connection, connection.resume(ready: events))
        case .idle(let connection), .recovering(let connection):
            if let error = connection.checkIdle() { fail(error) }
        case .down, .resolving, .closed: break
        }
    }

    private func alarmRang() {
        switch state {
        case .down: open()
        case .connecting(let connection), .busy(let connection, _):
            if let patience, patience <= loop.now { return fail(beyondPatience) }
            guard let libraryTimeout, libraryTimeout <= loop.now else { return armAlarm() }
            proceed(connection, connection.resume(ready: .timedOut))
        case .idle, .recovering, .resolving, .closed: break
        }
    }

    private static let silence = DatabaseError(
        errno: ErrorNumber.serverLost, message: "the server did not answer in time", kind: .unreachable)

    private static let unstoppable = DatabaseError(
        errno: ErrorNumber.serverLost,
        message:
            "given up: nobody waits for its query, which the server that was asked to stop it does not run",
        kind: .connectionLost)

    // MARK: Transitions

    private func becomeIdle(_ connection: Connection, connected: Bool) {
        state = .idle(connection)
        patience = nil
        libraryTimeout = nil
        alarm?.clear()
        if watch?.fileDescriptor != connection.fileDescriptor {
            watch?.cancel()
            watch = Watch(loop, fileDescriptor: connection.fileDescriptor) { [unowned self] in ready($0) }
        }
        watch?.set(readable: true, writable: false)
        guard connected else { return }
        connectedSince = loop.now
        hasFailed = false
        pool.logger.debug("connected to the database", metadata: ["connection": "\(connection.threadID)"])
        pool.slotConnected(to: server)
    }

    private func finish(_ connection: Connection, _ outcome: SlotOutcome) {
        let query = endedQuery(outcome)
        becomeIdle(connection, connected: false)
        if isKilling { state = .recovering(connection) }
        if let query { pool.slotFinished(query, outcome, at: server) }
    }

    /// The query that is under way, which the log is told to end so.
    private func endedQuery(_ outcome: SlotOutcome) -> BatchQuery? {
        guard case .busy(let connection, let query) = state else { return nil }
        pool.logger.queryEnded(query, outcome, connection: connection.threadID, at: loop.now)
        return query
    }

    /// Ends the query without reading what the server still sends: only a new connection can follow.
    private func dropConnection(_ outcome: SlotOutcome) {
        let left = server
        let query = endedQuery(outcome)
        abandonConnection()
        state = .down
        open()
        if let query { pool.slotFinished(query, outcome, at: left) }
    }

    private func fail(_ error: DatabaseError) {
        let lost = server
        let query = endedQuery(.failed(error))
        let wasConnected = isConnected
        abandonConnection()
        state = .down
        hasFailed = !wasConnected
        let current = generation
        if let query { pool.slotFinished(query, .failed(error), at: lost) }
        pool.slotLost(error, of: lost, wasConnected: wasConnected)
        // The pool may have sent it to another server.
        guard current == generation else { return }
        // What was good for a while may be again at once. A server that lets us in is there, and requests wait for it; one
        // that does not has our patience.
        if wasConnected, loop.now - connectedSince > Self.goodWhile {
            backoff.reset()
            open()
        } else {
            alarm?.set(at: loop.now + (wasConnected ? backoff.next(atMost: Self.goodWhile) : backoff.next()))
        }
    }

    private func abandonConnection() {
        watch?.cancel()
        watch = nil
        patience = nil
        libraryTimeout = nil
        alarm?.clear()
        generation += 1
        isKilling = false
        switch state {
        case .connecting(let connection), .idle(let connection), .recovering(let connection),
            .busy(let connection, _):
            connection.close()
            loop.retire(connection)
        case .down, .resolving, .closed: break
        }
    }
}
