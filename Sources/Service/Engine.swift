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
    }

    private let loop: EventLoop
    private let logger: Logger
    private var pool: Pool?
    private var batcher: Batcher
    private var limits: Limits
    private var wakeAlarm: Alarm?
    private var tickets: [TicketID: Ticket] = [:]
    private var deadlines = Deadlines()
    private var lastTicket: UInt64 = 0
    /// Keys of all requests on their way, however often they are the same.
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
    func install(_ catalog: Catalog, maxKeys: Int, bigIntegersAsStrings: Bool, keepingRoutes: Bool) {
        routes.install(
            catalog, maxKeys: maxKeys, bigIntegersAsStrings: bigIntegersAsStrings,
            keepingRoutes: keepingRoutes)
        routes.prune(isInUse: batcher.isInUse)
    }

    func reconfigure(batching: Batcher.Limits, limits: Limits) {
        batcher.limits = batching
        self.limits = limits
    }

    var waitingRequests: Int { tickets.count }

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
        let route = try routes.route(named: load.relationship)
        let ticket = try makeTicket(load, id: id, session: session, route: route)
        guard ticket.missing > 0 else { return complete(ticket) }
        if let outage = pool?.outage { throw Self.unavailable(outage) }
        guard keysOnTheirWay + ticket.keys.count <= limits.maxQueuedKeys else {
            throw Failure(
                .overloaded,
                "\(keysOnTheirWay) keys are waiting, batching.max_queued_keys is \(limits.maxQueuedKeys); try again"
            )
        }
        enlist(ticket, timeoutMilliseconds: load.timeoutMilliseconds)
    }

    private func makeTicket(
        _ load: Load, id: RequestID?, session: Session, route: Route
    ) throws(Failure) -> Ticket {
        var keys: [Key?] = []
        var answers: [Ticket.Answer] = []
        var isList = false
        switch load.keys {
        case .one(let input): keys = [try route.relationship.read(input)]
        case .many(let inputs):
            isList = true
            answers.reserveCapacity(inputs.count)
            for input in inputs {
                do {
                    keys.append(try route.relationship.read(input))
                    answers.append(keys.last == .some(nil) ? .none : .waiting)
                } catch {
                    keys.append(nil)
                    answers.append(.unusable(error))
                }
            }
        }
        if !isList { answers = [keys[0] == nil ? .none : .waiting] }
        lastTicket += 1
        return Ticket(
            id: TicketID(lastTicket), requestID: id, session: session, route: route, isList: isList,
            keys: keys,
            answers: answers)
    }

    private func enlist(_ ticket: Ticket, timeoutMilliseconds: Int?) {
        let now = Instant(nanoseconds: loop.now)
        isUndecided = true
        tickets[ticket.id] = ticket
        keysOnTheirWay += ticket.keys.count
        ticket.session.owe(ticket.id)
        for (position, key) in ticket.keys.enumerated() {
            guard let key else { continue }
            batcher.submit(
                key, of: ticket.route.shape, for: Asker(ticket: ticket.id, position: position), at: now)
        }
        counters.keysAsked += ticket.missing
        let asked = timeoutMilliseconds.map { Int64($0) * 1_000_000 }
        let patience = min(asked ?? limits.patience, limits.patience)
        deadlines.add(.init(time: loop.now + patience, ticket: ticket.id, isClients: asked == patience))
    }

    /// A session that is gone waits for nothing.
    func abandon(_ ids: some Sequence<TicketID>) {
        for id in ids {
            guard let ticket = tickets[id] else { continue }
            forget(ticket)
            batcher.withdraw(id, keys: ticket.waitingKeys, of: ticket.route.shape)
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
        counters.queries += 1
        counters.keysSent += batch.entries.count
        lane.run(Job(batch, route: route, maxReplyBytes: limits.maxReplyBytes))
    }

    /// Gives up what is overdue, and answers when the next request will be.
    private func expire() -> Int64? {
        while let first = deadlines.next(isWaiting: { tickets[$0] != nil }) {
            guard first.time <= loop.now, let ticket = tickets[first.ticket] else { return first.time }
            let bound = first.isClients ? "its timeout_ms" : "limits.request_timeout_s"
            fail(ticket, Failure(.timeout, "no answer from the database within \(bound)"))
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
                ticket.deliver(job.harvest, place: place, to: asker.position)
                if ticket.missing == 0 { complete(ticket) }
            }
        }
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
        for ticket in Array(tickets.values) { fail(ticket, failure) }
    }

    // MARK: Replies

    private func complete(_ ticket: Ticket) {
        let reply = LoadReply(ticket: ticket)
        forget(ticket)
        ticket.session.reply(to: ticket.id, requestID: ticket.requestID) { output in
            reply.write(to: &output, limit: limits.maxReplyBytes)
        }
    }

    private func fail(_ batch: Batch, _ failure: Failure) {
        for entry in batch.entries {
            for asker in entry.askers {
                if let ticket = tickets[asker.ticket] { fail(ticket, failure) }
            }
        }
    }

    private func fail(_ ticket: Ticket, _ failure: Failure) {
        forget(ticket)
        batcher.withdraw(ticket.id, keys: ticket.waitingKeys, of: ticket.route.shape)
        ticket.session.reply(to: ticket.id, requestID: ticket.requestID) { _ in failure }
    }

    /// A ticket that was answered at once was never among those on their way.
    private func forget(_ ticket: Ticket) {
        if tickets.removeValue(forKey: ticket.id) != nil { keysOnTheirWay -= ticket.keys.count }
    }

    private func count(_ job: Job) {
        let distributor = job.harvest.distributor
        counters.strayRows += distributor.strayRows
        for key in 0..<distributor.keys {
            let rows = distributor.rows(of: key)
            counters.rows += rows
            if job.route.relationship.kind == .one, rows > 1 { counters.surplusRows += rows - 1 }
        }
        guard distributor.strayRows > 0 else { return }
        logger.error(
            "rows came back that belong to no key asked for",
            metadata: [
                "relationship": "\(job.route.relationship.name)", "rows": "\(distributor.strayRows)",
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
