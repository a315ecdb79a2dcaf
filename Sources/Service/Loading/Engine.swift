import Batching
import Logging
import MariaDB
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
        /// Of one client's.
        var maxClientKeys: Int
        /// Rows of one request, those that it includes among them.
        var maxRows: Int
        /// Bytes of all requests, results and unsent replies.
        var maxResultBytes: Int
    }

    let time: any Timekeeper
    let logger: Logger
    /// By the server's error number.
    var refusals: [UInt32: LogThrottle] = [:]
    /// By relationship: parts of batches that an error nobody knows has met, since any query brought its rows.
    var splitsInVain: [Int: Int] = [:]
    private(set) unowned var backend: (any Backend)?
    var batcher: Batcher
    private(set) var limits: Limits
    /// Of all loads that are on their way.
    var tickets = TicketTable()
    var waitingRequests = 0
    /// Whose queries are under way.
    var running: [Job] = []
    private var deadlines = Deadlines()
    /// Keys of all tickets, however often they are the same.
    var keysOnTheirWay = 0
    /// Whether keys or chores have come since the last decision.
    var isUndecided = false
    /// Whether somebody has given up waiting since the last decision.
    var hasLostAskers = false
    let routes: RouteTable
    let memory: MemoryGauge
    var counters = Counters()
    /// What is done in pieces.
    var chores: Chores
    /// Called when the server's answer shows that the catalog is out of date.
    var onSchemaChange: () -> Void = {}

    init(
        time: any Timekeeper, routes: RouteTable, batching: Batcher.Limits, limits: Limits,
        chores: Chores.Limits = .init(), logger: Logger
    ) {
        self.time = time
        self.routes = routes
        self.limits = limits
        self.logger = logger
        self.chores = Chores(chores)
        batcher = Batcher(limits: batching)
        memory = MemoryGauge(limit: limits.maxResultBytes)
    }

    func attach(_ backend: any Backend) { self.backend = backend }

    /// Lets requests from now on use this catalog; those that wait go on with their own.
    func install(_ catalog: Catalog, _ settings: RouteTable.Settings) {
        routes.install(catalog, settings)
        prune()
    }

    private func prune() {
        routes.prune(isInUse: batcher.isInUse)
        batcher.forget { routes.route(of: $0) != nil }
    }

    func reconfigure(batching: Batcher.Limits, limits: Limits) {
        batcher.limits = batching
        self.limits = limits
        memory.limit = limits.maxResultBytes
    }

    var now: Instant { Instant(nanoseconds: time.now) }

    var maxRows: Int { limits.maxRows }

    var connectedLanes: Int { backend?.connectedLanes ?? 0 }

    // MARK: Requests

    /// Answers at once if no query is needed or none is possible; otherwise the client is owed a reply.
    /// - Parameter bytes: of the request's line.
    func submit(_ load: Load, id: RequestID?, bytes: Int, from client: any Client) {
        do {
            try admit(load, id: id, bytes: bytes, from: client)
        } catch {
            client.reply(error, to: id)
        }
        // Also what was refused, or needed no query, may have left a route behind.
        if routes.isFull { prune() }
    }

    private func admit(_ load: Load, id: RequestID?, bytes: Int, from client: any Client) throws(Failure) {
        let level = try LevelReader(routes: routes).level(of: load)
        let (keys, answers) = try read(load.keys, of: level)
        let asked = load.timeoutMilliseconds.map { Int64($0) * 1_000_000 }
        let patience = min(asked ?? limits.patience, limits.patience)
        let isClients = asked == patience
        let pending = PendingLoad(
            client: client, requestID: id, isList: load.keys.isList,
            deadline: isClients ? now + patience : nil)
        let ticket = Ticket(level: level, load: pending, keys: keys, answers: answers)
        pending.begin(ticket)
        guard ticket.missing > 0 else { return settle(ticket, of: pending) }
        try requireRoom(forKeys: ticket.keys.count, of: client)
        pending.isWaiting = true
        // Keys and filters are as long as the line at most.
        hold(bytes + ticket.keys.count * Ticket.bytesOfKey, for: pending)
        waitingRequests += 1
        client.owe(pending)
        enlist(ticket, of: pending)
        deadlines.add(.init(time: time.now + patience, ticket: ticket.id, isClients: isClients))
        // Those of requests that were answered stand behind any that still waits.
        if deadlines.count > 2 * waitingRequests + Self.mostSpareDeadlines { deadlines.prune(where: counts) }
    }

    private static let mostSpareDeadlines = 1024

    private func read(_ keys: Keys, of level: Level) throws(Failure) -> (
        OneOrMany<Key?>, OneOrMany<Ticket.Answer>
    ) {
        let relationship = level.route.relationship
        let isEmpty = level.route.isEmpty
        switch keys {
        case .one(let input):
            let key = try relationship.read(input)
            return isEmpty || key == nil ? (.one(nil), .one(.none)) : (.one(key), .one(.waiting))
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
            return (OneOrMany(found), OneOrMany(answers))
        }
    }

    func requireRoom(forKeys count: Int, of client: any Client) throws(Failure) {
        if let outage = backend?.outage { throw Self.unavailable(outage) }
        guard keysOnTheirWay + count <= limits.maxQueuedKeys else {
            throw Failure(
                .overloaded,
                "\(keysOnTheirWay) keys are waiting, batching.max_queued_keys is \(limits.maxQueuedKeys); try again"
            )
        }
        if memory.isFull { throw fullMemory }
        let clients = client.keysOnTheirWay
        guard clients + count <= limits.maxClientKeys else {
            throw Failure(
                .overloaded,
                "\(clients) keys of this client are waiting, batching.max_client_keys is \(limits.maxClientKeys); try again"
            )
        }
    }

    var fullMemory: Failure {
        Failure(
            .overloaded,
            "\(memory.bytes) bytes of requests and rows are on their way, limits.result_bytes is \(memory.limit); try again"
        )
    }

    func enlist(_ ticket: Ticket, of load: PendingLoad) {
        isUndecided = true
        tickets.insert(ticket)
        keysOnTheirWay += ticket.keys.count
        load.client.keysOnTheirWay += ticket.keys.count
        let route = ticket.level.route
        routes.keep(route)
        submit(ticket, of: load)
        counters.keysAsked += ticket.missing
        route.traffic.keysAsked += ticket.missing
    }

    /// Counts memory that the load takes until it is answered.
    func hold(_ bytes: Int, for load: PendingLoad) {
        memory.update(&load.heldBytes, to: load.heldBytes + bytes)
    }

    private func submit(_ ticket: Ticket, of load: PendingLoad) {
        let shape = ticket.level.route.shape
        let (client, deadline) = (load.client, load.deadline)
        switch ticket.keys {
        case .one(let key?):
            batcher.submit(key, of: shape, for: ticket.id, share: &client.share, deadline: deadline, at: now)
        case .one(nil): break
        case .many(let keys):
            batcher.submit(keys, of: shape, for: ticket.id, share: &client.share, deadline: deadline, at: now)
        }
    }

    /// A client that is gone waits for nothing.
    func abandon(_ loads: [PendingLoad]) {
        guard !loads.isEmpty else { return }
        // Rows may come for them before they are forgotten.
        for load in loads { load.isAbandoned = true }
        // A query may now be nobody's.
        isUndecided = true
        let farewell = FarewellChore(loads)
        if farewell.doPiece(for: self) { chores.add(farewell) }
    }

    /// Gives up a client's requests of that id. Answers whether there were any.
    func cancel(_ target: RequestID, among loads: [PendingLoad]) -> Bool {
        let found = loads.filter { $0.requestID == target }
        for load in found {
            fail(load, Failure(.cancelled, "given up by the client's own request"))
        }
        return !found.isEmpty
    }

    // MARK: The end of a turn

    /// Gives due batches to free connections, stops queries that nobody waits for any more, and arranges to be woken
    /// when the next batch is due.
    func decide() {
        time.refresh()
        doChores()
        isUndecided = false
        let nextDeadline = expire()
        while let backend, backend.hasIdleLane, let batch = batcher.take(at: now) {
            start(batch, on: backend)
            time.refresh()
        }
        let nextKill = killUnwanted()
        let nextBatch = batcher.nextWake(after: now)?.nanoseconds
        let nextChore = chores.isEmpty ? nil : time.now
        time.wake(at: [nextBatch, nextDeadline, nextKill, nextChore].compactMap { $0 }.min())
    }

    private func doChores() {
        let start = time.now
        while let chore = chores.next() {
            if chore.doPiece(for: self) { chores.add(chore) }
            time.refresh()
            if time.now - start >= chores.limits.budget { break }
        }
        chores.turnEnds()
    }

    /// Of one query: each of them is laid out for each of its keys.
    private static let mostProjections = 64

    private func start(_ batch: Batch, on backend: any Backend) {
        guard let route = routes.route(of: batch.shape) else {
            preconditionFailure("a waiting batch keeps its route in the table")
        }
        let demand = Demand(batch) { tickets[$0]?.level.projection }
        if demand.isEmpty {
            // Asked again, and meanwhile nobody waits for it.
            return batcher.finished(batch, isMeasure: false, at: now)
        }
        if demand.projections.count > Self.mostProjections, batch.keys.count > 1 {
            batcher.finished(batch, isMeasure: false, at: now)
            return batcher.retryInHalves(batch, wasSent: false)
        }
        counters.sent(batch)
        route.traffic.sent(batch)
        let job = Job(batch, demand, route: route, maxReplyBytes: limits.maxReplyBytes, memory: memory)
        running.append(job)
        backend.run(job)
    }

    /// Nanoseconds that a query without askers may go on: most end sooner than the server could be told to stop them.
    private static let grace: Int64 = 10_000_000

    /// Answers when the next one is to be looked at.
    private func killUnwanted() -> Int64? {
        var next: Int64?
        for job in running where !job.isKilled {
            guard job.isOver || isDeserted(job) else { continue }
            let time = job.batch.sent + Self.grace
            if time <= now {
                counters.kills += 1
                logger.queryDeserted(job)
                job.isKilled = true
                backend?.kill(job)
            } else {
                next = min(next ?? time.nanoseconds, time.nanoseconds)
            }
        }
        hasLostAskers = next != nil
        return next
    }

    private func isDeserted(_ job: Job) -> Bool {
        hasLostAskers && !isAwaited(job)
    }

    func isAwaited(_ job: Job) -> Bool {
        job.batch.allAskers.contains { tickets[$0.ticket] != nil }
    }

    /// Who does not read replies waits for himself, and for no database; a deadline of his own counts even then.
    private func counts(_ deadline: Deadlines.Deadline) -> Bool {
        guard let load = tickets[deadline.ticket]?.load else { return false }
        return deadline.isClients || !load.isHeld
    }

    /// Gives up what is overdue, or as much of it as a turn has time for, and answers when the next request will be.
    private func expire() -> Int64? {
        let start = time.now
        while let first = deadlines.next(where: counts) {
            time.refresh()
            if time.now - start > chores.limits.budget { return time.now }
            guard first.time <= time.now, let load = tickets[first.ticket]?.load else { return first.time }
            let bound = first.isClients ? "its timeout_ms" : "limits.request_timeout_s"
            let lack =
                load.isHeld ? "the replies before this one were not read" : "no answer from the database"
            logger.debug("a request has timed out", metadata: ["reason": "\(lack) within \(bound)"])
            fail(load, Failure(.timeout, "\(lack) within \(bound)"))
        }
        return nil
    }
}
