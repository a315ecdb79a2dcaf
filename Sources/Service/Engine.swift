import Batching
import FanOut
import Logging
import MariaDB
import Planning
import Reactor
import Relations
import Wire

/// The data path from a decoded load to its reply: who waits for what, when keys go to the database, and to whom
/// the rows go. Confined to the loop's thread.
final class Engine {
    struct Limits {
        var maxReplyBytes: Int
        /// Nanoseconds that any request waits at most.
        var patience: Int64
        /// Keys of requests that may be on their way in all.
        var maxQueuedKeys: Int
        /// Rows of one request, those that it includes among them.
        var maxRows: Int
    }

    private let loop: EventLoop
    private let logger: Logger
    private var pool: Pool?
    private var batcher: Batcher
    private var limits: Limits
    private var wakeAlarm: Alarm?
    /// By the number of their own ticket.
    private var loads: [TicketID: PendingLoad] = [:]
    /// Of all loads.
    private var tickets: [TicketID: Ticket] = [:]
    private var deadlines = Deadlines()
    private var lastTicket: UInt64 = 0
    /// Keys of all tickets, however often they are the same.
    private var keysOnTheirWay = 0
    /// Whether keys have come since the last decision.
    private(set) var isUndecided = false
    let routes: RouteTable
    var counters = Counters()
    /// Called when the server's answer shows that the catalog is out of date.
    var onSchemaChange: () -> Void = {}

    init(loop: EventLoop, routes: RouteTable, batching: Batcher.Limits, limits: Limits, logger: Logger) {
        self.loop = loop
        self.routes = routes
        self.limits = limits
        self.logger = logger
        batcher = Batcher(limits: batching)
        // Only wakes the loop: what is due is decided at the end of every turn.
        wakeAlarm = Alarm(loop) {}
    }

    func attach(_ pool: Pool) { self.pool = pool }

    /// Lets requests from now on use this catalog; those that wait go on with their own.
    func install(_ catalog: Catalog, maxKeys: Int, bigIntegersAsStrings: Bool) {
        routes.install(catalog, maxKeys: maxKeys, bigIntegersAsStrings: bigIntegersAsStrings)
        routes.prune(isInUse: batcher.isInUse)
    }

    func reconfigure(batching: Batcher.Limits, limits: Limits) {
        batcher.limits = batching
        self.limits = limits
    }

    var maxRows: Int { limits.maxRows }

    var waitingRequests: Int { loads.count }

    var queuedKeys: Int { batcher.queuedKeys }

    var connectedLanes: Int { pool?.connectedLanes ?? 0 }

    // MARK: Requests

    /// Answers at once if no query is needed or none is possible; otherwise the session owes a reply.
    func submit(_ load: Load, id: RequestID?, from session: Session) {
        do {
            try admit(load, id: id, from: session)
        } catch {
            session.reply(error, to: id)
        }
    }

    private func admit(_ load: Load, id: RequestID?, from session: Session) throws(Failure) {
        let level = try LevelReader(routes: routes).level(of: load)
        let (keys, answers) = try read(load.keys, of: level)
        let pending = PendingLoad(session: session, requestID: id, isList: load.keys.isList)
        let ticket = Ticket(id: nextTicket(), level: level, load: pending, keys: keys, answers: answers)
        pending.add(ticket)
        guard ticket.missing > 0 else { return settle(ticket) }
        try requireRoom(for: ticket)
        loads[ticket.id] = pending
        session.owe(ticket.id)
        setDeadline(ticket.id, timeoutMilliseconds: load.timeoutMilliseconds)
        enlist(ticket)
    }

    private func read(_ keys: Keys, of level: Level) throws(Failure) -> ([Key?], [Ticket.Answer]) {
        let relationship = level.route.relationship
        let isEmpty = level.route.selection.isEmpty
        switch keys {
        case .one(let input):
            let key = try relationship.read(input)
            return isEmpty || key == nil ? ([nil], [.none]) : ([key], [.waiting])
        case .many(let inputs):
            var found: [Key?] = []
            var answers: [Ticket.Answer] = []
            answers.reserveCapacity(inputs.count)
            for input in inputs {
                do {
                    let key = try relationship.read(input)
                    found.append(isEmpty ? nil : key)
                    answers.append(isEmpty || key == nil ? .none : .waiting)
                } catch {
                    found.append(nil)
                    answers.append(.unusable(error))
                }
            }
            return (found, answers)
        }
    }

    private func nextTicket() -> TicketID {
        lastTicket += 1
        return TicketID(lastTicket)
    }

    private func requireRoom(for ticket: Ticket) throws(Failure) {
        if let outage = pool?.outage { throw Self.unavailable(outage) }
        guard keysOnTheirWay + ticket.keys.count <= limits.maxQueuedKeys else {
            throw Failure(
                .overloaded,
                "\(keysOnTheirWay) keys are waiting, batching.max_queued_keys is \(limits.maxQueuedKeys); try again"
            )
        }
    }

    private func enlist(_ ticket: Ticket) {
        let now = Instant(nanoseconds: loop.now)
        isUndecided = true
        tickets[ticket.id] = ticket
        keysOnTheirWay += ticket.keys.count
        let route = ticket.level.route
        routes.keep(route)
        for (position, key) in ticket.keys.enumerated() {
            guard let key else { continue }
            batcher.submit(key, of: route.shape, for: Asker(ticket: ticket.id, position: position), at: now)
        }
        counters.keysAsked += ticket.missing
        if routes.isFull { routes.prune(isInUse: batcher.isInUse) }
    }

    private func setDeadline(_ id: TicketID, timeoutMilliseconds: Int?) {
        let asked = timeoutMilliseconds.map { Int64($0) * 1_000_000 }
        let patience = min(asked ?? limits.patience, limits.patience)
        deadlines.add(.init(time: loop.now + patience, ticket: id, isClients: asked == patience))
    }

    /// A session that is gone waits for nothing.
    func abandon(_ ids: some Sequence<TicketID>) {
        for id in ids {
            if let load = loads[id] { forget(load) }
        }
    }

    // MARK: The end of a turn

    /// Gives due batches to free connections, and arranges to be woken when the next one is due.
    func decide() {
        isUndecided = false
        let nextDeadline = expire()
        let now = Instant(nanoseconds: loop.now)
        while let lane = pool?.idleLane, let batch = batcher.take(at: now) {
            start(batch, on: lane)
        }
        let wake = [batcher.nextWake(after: now)?.nanoseconds, nextDeadline].compactMap { $0 }.min()
        if let wake { wakeAlarm?.set(at: wake) } else { wakeAlarm?.clear() }
    }

    private func start(_ batch: Batch, on lane: Lane) {
        guard let route = routes.route(of: batch.shape) else {
            preconditionFailure("a waiting batch keeps its route in the table")
        }
        guard batch.entries.contains(where: { $0.askers.contains { tickets[$0.ticket] != nil } }) else {
            // Asked again, and meanwhile nobody waits for it.
            return batcher.finished(batch)
        }
        counters.queries += 1
        counters.keysSent += batch.entries.count
        let job = Job(batch, route: route, maxReplyBytes: limits.maxReplyBytes) {
            tickets[$0]?.level.projection
        }
        lane.run(job)
    }

    /// Gives up what is overdue, and answers when the next request will be.
    private func expire() -> Int64? {
        while let first = deadlines.next(isWaiting: { loads[$0] != nil }) {
            guard first.time <= loop.now, let load = loads[first.ticket] else { return first.time }
            let bound = first.isClients ? "its timeout_ms" : "limits.request_timeout_s"
            fail(load, Failure(.timeout, "no answer from the database within \(bound)"))
        }
        return nil
    }

    // MARK: What the pool reports

    func finished(_ job: Job, _ outcome: Lane.Outcome) {
        batcher.finished(job.batch)
        count(job)
        switch outcome {
        case .complete(let warnings):
            if job.mustSplit || (warnings > 0 && job.statement.suspectsWarnings && job.canSplit) {
                return askAlone(job)
            }
            deliver(job)
        case .failed(let error): failed(job, error)
        case .changedColumns:
            onSchemaChange()
            fail(job.batch, Self.changed(job.route.relationship))
        }
    }

    private func deliver(_ job: Job) {
        for (place, entry) in job.batch.entries.enumerated() {
            for asker in entry.askers {
                guard let ticket = tickets[asker.ticket] else { continue }
                guard let harvest = job.harvest(for: ticket.level.projection) else { continue }
                ticket.deliver(harvest, place: place, to: asker.position)
                ticket.load.rowCount += harvest.rows(of: place)
                if ticket.load.rowCount > limits.maxRows {
                    fail(ticket.load, tooManyRows(ticket.level))
                } else if ticket.missing == 0 {
                    grow(ticket)
                }
            }
        }
    }

    private func tooManyRows(_ level: Level) -> Failure {
        level.path.failure(
            .resultTooLarge,
            "the request has more rows than limits.request_rows = \(limits.maxRows); ask for fewer keys or set 'limit'"
        )
    }

    private func failed(_ job: Job, _ error: DatabaseError) {
        guard error.kind == .statement else { return lost(job, error) }
        if error.concernsSchema { onSchemaChange() }
        if error.isForgottenName { return fail(job.batch, Self.changed(job.route.relationship)) }
        if job.canSplit, !error.concernsWholeQuery { return askAlone(job) }
        logger.warning(
            "the database refused a query",
            metadata: ["relationship": "\(job.route.relationship.name)", "error": "\(error)"])
        fail(job.batch, Failure(.databaseError, error.message, mysqlErrno: error.errno))
    }

    /// A connection may be ended at any moment, even as we send: what has brought no row yet is asked once more. While
    /// there is no other connection it waits, until one is there or an attempt to have one has failed.
    private func lost(_ job: Job, _ error: DatabaseError) {
        guard error.kind == .connectionLost, job.batch.attempts == 0, !job.hasRows else {
            return fail(job.batch, Self.unavailable(error))
        }
        batcher.retry(job.batch)
    }

    private func askAlone(_ job: Job) {
        counters.splits += 1
        batcher.retryAlone(job.batch)
    }

    func databaseLost(_ error: DatabaseError) {
        for batch in batcher.takeAll() { fail(batch, Self.unavailable(error)) }
    }

    func databaseReturned() { onSchemaChange() }

    /// Ends everything that waits with this error.
    func failAll(_ failure: Failure) {
        _ = batcher.takeAll()
        for load in Array(loads.values) { fail(load, failure) }
    }

    // MARK: Levels

    /// All answers of a ticket are there: asks for what its rows include, every level in the batches of everybody.
    private func grow(_ ticket: Ticket) {
        guard !ticket.level.branches.isEmpty else { return settle(ticket) }
        do {
            let growth = try Growth(of: ticket)
            let children = growth.children(newTicket: nextTicket)
            ticket.attach(children, firstRows: growth.firstRows)
            for child in children {
                try requireRoom(for: child.ticket)
                ticket.load.add(child.ticket)
                if child.ticket.missing > 0 { enlist(child.ticket) }
            }
            for child in children where child.ticket.missing == 0 { settle(child.ticket) }
        } catch {
            fail(ticket.load, error)
        }
    }

    /// A ticket has all its answers, and so have those of what it includes.
    private func settle(_ ticket: Ticket) {
        guard let parent = ticket.parent else { return complete(ticket.load) }
        parent.unfinishedChildren -= 1
        if parent.unfinishedChildren == 0 { settle(parent) }
    }

    // MARK: Replies

    private func complete(_ load: PendingLoad) {
        let reply = LoadReply(load: load, limit: limits.maxReplyBytes)
        forget(load)
        load.session.reply(to: load.root.id, requestID: load.requestID) { reply.write(to: &$0) }
    }

    private func fail(_ batch: Batch, _ failure: Failure) {
        for entry in batch.entries {
            for asker in entry.askers {
                if let ticket = tickets[asker.ticket] {
                    fail(ticket.load, ticket.level.path.failure(failure))
                }
            }
        }
    }

    private func fail(_ load: PendingLoad, _ failure: Failure) {
        forget(load)
        load.session.reply(to: load.root.id, requestID: load.requestID) { _ in failure }
    }

    /// A load that was answered at once was never among those on their way.
    private func forget(_ load: PendingLoad) {
        guard loads.removeValue(forKey: load.root.id) != nil else { return }
        for ticket in load.tickets where tickets.removeValue(forKey: ticket.id) != nil {
            keysOnTheirWay -= ticket.keys.count
            if ticket.missing > 0 {
                batcher.withdraw(ticket.id, keys: ticket.waitingKeys, of: ticket.level.route.shape)
            }
        }
    }

    private func count(_ job: Job) {
        counters.strayRows += job.strayRows
        for rows in job.rowCounts {
            counters.rows += rows
            if job.route.relationship.kind == .one, rows > 1 { counters.surplusRows += rows - 1 }
        }
        guard job.strayRows > 0 else { return }
        logger.error(
            "rows came back that belong to no key asked for",
            metadata: [
                "relationship": "\(job.route.relationship.name)", "rows": "\(job.strayRows)",
            ])
    }

    private static func unavailable(_ error: DatabaseError) -> Failure {
        Failure(.databaseUnavailable, "no connection to the database: \(error)")
    }

    private static func changed(_ relationship: Relationship) -> Failure {
        Failure(
            .databaseUnavailable,
            "the tables behind '\(relationship.name)' have changed; the catalog is being read again, try again"
        )
    }
}
