import Loading
import Logging
import MariaDB
import Planning
import Reactor
import Relations
import Time

/// One place in the pool: a connection to the database, or the next attempt to have one.
final class ConnectionSlot {
    private unowned let pool: ConnectionPool
    private let loop: EventLoop
    /// The place in the list of the server that it is connected to, or last tried.
    private(set) var server: ServerIndex = 0
    private var state = State.down(retryAt: nil)
    private var watch: Watch?
    /// Rings when the state wants it: to retry, to tell libmariadb of a timeout, or to give up.
    private var alarm: Alarm?
    private var backoff = Backoff()
    private var connectedSince = Instant.zero
    /// Whether an attempt at its server has failed since it was last connected.
    private(set) var hasFailed = false
    /// How long a query of this connection may take before it is given up; nil: for ever. It is a little more
    /// than what the connection's server was told, which stays as it was when the settings change.
    private var statementTimeout: TimeSpan?
    /// When libmariadb wants to be told that what it waits for has not happened.
    private var libraryTimeout: Instant?
    /// Where the connection goes, with the address that was found for its host.
    private var endpoint: Endpoint?
    /// What the server is that it was last connected to, whose SQL the connection understands.
    private var dialect: Dialect?
    /// Counts the attempts to connect, so that an answer that comes late finds out that its attempt is over.
    private var attempts = 0

    init(pool: ConnectionPool, loop: EventLoop) {
        self.pool = pool
        self.loop = loop
        alarm = Alarm(loop) { [unowned self] in alarmRang() }
    }

    var isIdle: Bool { if case .idle = state { true } else { false } }

    var isConnected: Bool {
        switch state {
        case .idle, .busy, .recovering: true
        case .down, .resolving, .handshaking, .connecting, .closed: false
        }
    }

    func isRunning(_ query: BatchQuery) -> Bool {
        if case .busy(_, let execution) = state { execution.query === query } else { false }
    }

    func open() {
        guard case .down = state else { return }
        become(.resolving)
        attempts += 1
        let attempt = attempts
        server = pool.servers.active
        pool.servers.source.next { [unowned self] result in
            guard case .resolving = state, attempt == attempts else { return }
            switch result {
            case .success(let endpoint):
                self.endpoint = endpoint
                connect(to: endpoint)
            case .failure(let error): fail(error)
            }
        }
    }

    private func connect(to endpoint: Endpoint) {
        statementTimeout = pool.statementTimeout
        let deadline = Deadline(time: loop.now + pool.connectTimeout)
        guard endpoint.tls == nil else { return shakeHands(with: endpoint, deadline) }
        let connection = Connection(endpoint)
        become(.connecting(connection, deadline))
        proceed(connection, connection.connect())
    }

    /// Connects over TLS on another thread, because a handshake waits. Without TLS the loop's own thread
    /// connects: no call waits then, and no thread need be made.
    private func shakeHands(with endpoint: Endpoint, _ deadline: Deadline) {
        let attempt = ConnectAttempt()
        become(.handshaking(attempt, deadline))
        pool.handshakes.run {
            attempt.run(endpoint)
        } then: { [unowned self] result in
            guard state.attempt === attempt else { return }
            switch result {
            case .success(nil):
                if let connection = attempt.take() { connected(connection) }
            case .success(let error?): fail(error)
            case .failure(let error): fail(DatabaseError(untried: error))
            }
        }
    }

    /// - Precondition: the slot is idle.
    func run(_ query: BatchQuery) {
        guard case .idle(let connection) = state else { preconditionFailure("a query needs an idle slot") }
        guard query.template.relationship.dialect == dialect else { return refuseOtherKind(query) }
        let deadline = statementTimeout.map { Deadline(time: loop.now + $0) }
        become(.busy(connection, Execution(query: query, deadline: deadline)))
        if pool.logsQueries { pool.logger.querySent(query, connection: connection.threadID) }
        proceed(connection, connection.query(query.statement.sql))
    }

    /// Ends a query that was planned when a server of another kind was served: this one does not understand
    /// it. The catalog is new, and so will be what the client asks when it tries again.
    private func refuseOtherKind(_ query: BatchQuery) {
        loop.onNextTurn { [weak pool, server] in pool?.slotFinished(query, .changedColumns, at: server) }
    }

    /// Whether it has a connection to a server of another kind.
    func isConnected(toOtherThan kind: Dialect.Kind) -> Bool { isConnected && dialect?.kind != kind }

    /// Finds out whether an idle connection has ended. Whatever ended another one may have ended this one
    /// too, and the news may not have been read yet.
    func checkIdle() {
        if case .idle(let connection) = state, let error = connection.checkIdle() { fail(error) }
    }

    /// Gives up its server for the one that is active now. A query that is under way is lost.
    func leave() {
        if case .closed = state { return }
        let left = server
        let query = endQuery(.failed(Self.leftServer))
        become(.down(retryAt: nil))
        hasFailed = false
        backoff.reset()
        open()
        if let query { pool.slotFinished(query, .failed(Self.leftServer), at: left) }
    }

    private static let leftServer = DatabaseError(
        errno: ErrorNumber.serverLost, message: "its server was given up for another", kind: .connectionLost)

    func close() {
        become(.closed)
        alarm = nil
    }

    // MARK: Stopping a query

    /// Has the server stop the query that is under way. It ends with an error, or as it would have.
    func kill() {
        guard case .busy(let connection, var execution) = state, execution.kill != .asking, let endpoint
        else { return }
        execution.kill = .asking
        become(.busy(connection, execution))
        let running = RunningQuery(threadID: connection.threadID, sql: execution.query.statement.sql)
        pool.killer.kill(running, at: endpoint) { [unowned self, weak connection] outcome in
            guard let connection, state.connection === connection else { return }
            killed(outcome)
        }
    }

    /// How long a server has, where nothing else bounds it, to end a query that it has been told to stop.
    private static let killTimeout = TimeSpan.seconds(30)
    /// The time in which the end of a query arrives that the server was found not to run any more.
    private static let endTimeout = TimeSpan.seconds(1)

    private func killed(_ outcome: QueryKiller.Outcome) {
        pool.logger.debug("the server was asked to stop the query", metadata: ["outcome": "\(outcome)"])
        switch (state, outcome) {
        // Whatever the reason: the server will not end the query for us, or it will later, and hits the next
        // one.
        case (.recovering, .failed(let error)), (.busy, .failed(let error)): fail(error)
        case (.recovering(let connection, let isStopped), .told) where mayHitNext(connection, isStopped):
            reconnect()
        case (.recovering(let connection, _), .told), (.recovering(let connection, _), .notThere):
            become(.idle(connection))
            pool.slotBecameFree()
        case (.busy(let connection, var execution), .told):
            execution.kill = .told
            execution.deadline = execution.deadline ?? Deadline(time: loop.now + Self.killTimeout)
            become(.busy(connection, execution))
        // Its end is on its way; or it was another server that was asked, and then this connection is given
        // up: the query ends by `max_statement_time`.
        case (.busy(let connection, var execution), .notThere):
            execution.kill = .notThere
            let end = loop.now + Self.endTimeout
            execution.deadline = Deadline(
                time: min(execution.deadline?.time ?? end, end), reason: .killMissed)
            become(.busy(connection, execution))
        case (.down, _), (.resolving, _), (.handshaking, _), (.connecting, _), (.idle, _), (.closed, _): break
        }
    }

    // MARK: What the connection says

    private func proceed(_ connection: Connection, _ first: Progress) {
        var progress = first
        var (rows, bytes) = (0, 0)
        while true {
            switch progress {
            case .waiting(let interest):
                if rows > 0 { pool.slotHasRows(from: server) }
                return wait(connection, for: interest)
            case .connected: return connected(connection)
            case .columns:
                guard runningQuery.accepts(connection.columnKinds) else {
                    return dropConnection(.changedColumns)
                }
                progress = connection.fetch()
            case .row:
                let row = connection.currentRow
                runningQuery.take(RowView(row))
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

    private var runningQuery: BatchQuery {
        guard case .busy(_, let execution) = state else {
            preconditionFailure("rows come to a busy slot only")
        }
        return execution.query
    }

    private func continueNextTurn(_ connection: Connection) {
        watch?.set(readable: false, writable: false)
        libraryTimeout = nil
        armAlarm()
        loop.onNextTurn { [unowned self] in
            guard case .busy(let current, _) = state, current === connection else { return }
            proceed(connection, connection.fetch())
        }
    }

    private func wait(_ connection: Connection, for interest: Interest) {
        watch(
            interest.fileDescriptor, readable: interest.events.contains(.readable),
            writable: interest.events.contains(.writable))
        libraryTimeout = interest.timeoutMilliseconds.map { loop.now + .milliseconds($0) }
        armAlarm()
    }

    /// - Parameter descriptor: the connection's, which may change while it is being made.
    private func watch(_ descriptor: Int32, readable: Bool, writable: Bool) {
        if watch?.fileDescriptor != descriptor {
            watch?.cancel()
            watch = Watch(loop, fileDescriptor: descriptor) { [unowned self] in ready($0) }
        }
        watch?.set(readable: readable, writable: writable)
    }

    private func ready(_ readiness: Reactor.Readiness) {
        switch state {
        case .connecting(let connection, _), .busy(let connection, _):
            proceed(connection, connection.resume(ready: .init(readiness)))
        case .idle(let connection), .recovering(let connection, _):
            if let error = connection.checkIdle() { fail(error) }
        case .down, .resolving, .handshaking, .closed: break
        }
    }

    private func armAlarm() {
        let time: Instant? =
            switch state {
            case .down(let retryAt): retryAt
            case .handshaking, .connecting, .busy:
                .earlier(libraryTimeout, state.deadline?.time)
            case .resolving, .idle, .recovering, .closed: nil
            }
        if let time { alarm?.set(at: time) } else { alarm?.clear() }
    }

    private func alarmRang() {
        switch state {
        case .down: open()
        case .handshaking(_, let deadline):
            if deadline.time <= loop.now { fail(deadline.reason.error) } else { armAlarm() }
        case .connecting(let connection, _), .busy(let connection, _):
            if let deadline = state.deadline, deadline.time <= loop.now { return fail(deadline.reason.error) }
            guard let libraryTimeout, libraryTimeout <= loop.now else { return armAlarm() }
            proceed(connection, connection.resume(ready: .timedOut))
        case .idle, .recovering, .resolving, .closed: break
        }
    }

    // MARK: Transitions

    /// The one place where the state changes. A connection that the new state does not have is closed, an
    /// attempt is given up, and what is watched and when the alarm rings follow from the state.
    private func become(_ next: State) {
        if let connection = state.connection, connection !== next.connection {
            watch?.cancel()
            watch = nil
            connection.close()
            loop.retire(connection)
        }
        // One that has ended already has nothing left to be given up.
        if let attempt = state.attempt { attempt.giveUp() }
        state = next
        switch next {
        case .idle(let connection), .recovering(let connection, _):
            libraryTimeout = nil
            watch(connection.fileDescriptor, readable: true, writable: false)
        case .down, .resolving, .handshaking, .closed: libraryTimeout = nil
        // Its calls say what is to be watched.
        case .connecting, .busy: break
        }
        armAlarm()
    }

    private func connected(_ connection: Connection) {
        if let error = pool.servers.rejectIfOtherKind(connection.dialect) { return fail(error) }
        dialect = connection.dialect
        become(.idle(connection))
        connectedSince = loop.now
        hasFailed = false
        pool.logger.debug(
            "connected to the database",
            metadata: [
                "connection": "\(connection.threadID)",
                "server": "\(connection.dialect?.description ?? "")",
            ])
        pool.slotConnected(to: server)
    }

    private func finish(_ connection: Connection, _ outcome: SlotOutcome) {
        let kill = if case .busy(_, let execution) = state { execution.kill } else { Execution.Kill.notAsked }
        if kill == .told, mayHitNext(connection, outcome.isStopped) { return dropConnection(outcome) }
        let query = endQuery(outcome)
        become(kill == .asking ? .recovering(connection, isStopped: outcome.isStopped) : .idle(connection))
        guard let query else { return }
        pool.slotFinished(query, outcome, at: server)
        // To free it takes a while, for which the replies need not wait.
        loop.retire(query)
    }

    /// Whether the next query might be stopped in place of the one that has ended.
    /// - Parameter isStopped: whether that one was stopped.
    private func mayHitNext(_ connection: Connection, _ isStopped: Bool) -> Bool {
        !isStopped && connection.dialect?.mayHitNextQuery ?? true
    }

    /// Logs how the query under way has ended.
    /// - Returns: the query; nil if none is under way.
    private func endQuery(_ outcome: SlotOutcome) -> BatchQuery? {
        guard case .busy(let connection, let execution) = state else { return nil }
        if pool.logsQueries {
            pool.logger.queryEnded(execution.query, outcome, connection: connection.threadID, at: loop.now)
        }
        return execution.query
    }

    /// Ends the query without reading what the server still sends: only a new connection can follow.
    private func dropConnection(_ outcome: SlotOutcome) {
        let left = server
        let query = endQuery(outcome)
        reconnect()
        if let query { pool.slotFinished(query, outcome, at: left) }
    }

    /// Gives up a connection that is as it should not be for another to the same server.
    private func reconnect() {
        become(.down(retryAt: nil))
        open()
    }

    /// The time after which a connection counts as stable.
    private static let stableAfter = TimeSpan.seconds(1)

    private func fail(_ error: DatabaseError) {
        let lost = server
        let query = endQuery(.failed(error))
        let wasConnected = isConnected
        become(.down(retryAt: nil))
        hasFailed = !wasConnected
        let attempt = attempts
        if let query { pool.slotFinished(query, .failed(error), at: lost) }
        pool.slotLost(error, of: lost, wasConnected: wasConnected)
        // The pool may have sent it to another server meanwhile.
        guard case .down = state, attempt == attempts else { return }
        // A stable connection is replaced at once. A server that accepts logins is tried again quickly,
        // because requests wait for it; one that does not, with full backoff.
        if wasConnected, loop.now - connectedSince > Self.stableAfter {
            backoff.reset()
            open()
        } else {
            let pause = wasConnected ? backoff.next(atMost: Self.stableAfter) : backoff.next()
            become(.down(retryAt: loop.now + pause))
        }
    }
}
