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

    let time: any EngineClock
    let logger: Logger
    /// By the server's error number.
    var refusals: [UInt32: LogThrottle] = [:]
    /// By relationship: parts of batches that an error nobody knows has met, since any query brought its rows.
    var splitsInVain: [Int: Int] = [:]
    private(set) unowned var runner: (any QueryRunner)?
    var batcher: Batcher
    private(set) var limits: Limits
    /// Of all loads that are on their way.
    var nodes = LoadNodeTable()
    var waitingRequests = 0
    /// Whose queries are under way.
    var running: [BatchQuery] = []
    private var deadlines = Deadlines()
    /// Keys of all nodes, however often they are the same.
    var keysOnTheirWay = 0
    /// Whether keys or tasks have come since the last decision.
    var isUndecided = false
    /// Whether somebody has given up waiting since the last decision.
    var hasLostWaiters = false
    let templates: QueryTemplates
    let memory: MemoryGauge
    var counters = Counters()
    /// What is done in pieces.
    var tasks: TaskQueue
    /// Called when the server's answer shows that the catalog is out of date.
    var onSchemaChange: () -> Void = {}

    init(
        time: any EngineClock, templates: QueryTemplates, batching: Batcher.Limits, limits: Limits,
        tasks: TaskQueue.Limits = .init(), logger: Logger
    ) {
        self.time = time
        self.templates = templates
        self.limits = limits
        self.logger = logger
        self.tasks = TaskQueue(tasks)
        batcher = Batcher(limits: batching)
        memory = MemoryGauge(limit: limits.maxResultBytes)
    }

    func attach(_ runner: any QueryRunner) { self.runner = runner }

    /// Lets requests from now on use this catalog; those that wait go on with their own.
    func install(_ catalog: Catalog, _ settings: QueryTemplates.Settings) {
        templates.install(catalog, settings)
        prune()
    }

    private func prune() {
        templates.prune(isInUse: batcher.isInUse)
        batcher.forget { templates.template(of: $0) != nil }
    }

    func reconfigure(batching: Batcher.Limits, limits: Limits) {
        batcher.limits = batching
        self.limits = limits
        memory.limit = limits.maxResultBytes
    }

    var now: Instant { Instant(nanoseconds: time.now) }

    var maxRows: Int { limits.maxRows }

    var openConnections: Int { runner?.openConnections ?? 0 }

    // MARK: Requests

    /// Answers at once if no query is needed or none is possible; otherwise the client is owed a reply.
    /// - Parameter bytes: of the request's line.
    func submit(_ load: Load, id: RequestID?, bytes: Int, from client: any Client) {
        do {
            try admit(load, id: id, bytes: bytes, from: client)
        } catch {
            client.reply(error, to: id)
        }
        // Also what was refused, or needed no query, may have left a template behind.
        if templates.isFull { prune() }
    }

    private func admit(_ load: Load, id: RequestID?, bytes: Int, from client: any Client) throws(Failure) {
        let plan = try LoadPlanner(templates: templates).plan(of: load)
        let (keys, answers) = try read(load.keys, of: plan)
        let asked = load.timeoutMilliseconds.map { Int64($0) * 1_000_000 }
        let patience = min(asked ?? limits.patience, limits.patience)
        let isClients = asked == patience
        let pending = PendingLoad(
            client: client, requestID: id, isList: load.keys.isList,
            deadline: isClients ? now + patience : nil)
        let node = LoadNode(plan: plan, load: pending, keys: keys, answers: answers)
        pending.begin(node)
        guard node.missing > 0 else { return settle(node, of: pending) }
        try requireRoom(forKeys: node.keys.count, of: client)
        pending.isWaiting = true
        // Keys and filters are as long as the line at most.
        hold(bytes + node.keys.count * LoadNode.bytesPerKey, for: pending)
        waitingRequests += 1
        client.owe(pending)
        enlist(node, of: pending)
        deadlines.add(.init(time: time.now + patience, node: node.id, isClients: isClients))
        // Those of requests that were answered stand behind any that still waits.
        if deadlines.count > 2 * waitingRequests + Self.mostSpareDeadlines { deadlines.prune(where: counts) }
    }

    private static let mostSpareDeadlines = 1024

    private func read(_ keys: Keys, of plan: LoadPlan) throws(Failure) -> (
        OneOrMany<Key?>, OneOrMany<LoadNode.Answer>
    ) {
        let relationship = plan.template.relationship
        let isEmpty = plan.template.isEmpty
        switch keys {
        case .one(let input):
            let key = try relationship.read(input)
            return isEmpty || key == nil ? (.one(nil), .one(.none)) : (.one(key), .one(.waiting))
        case .many(let inputs):
            var found: [Key?] = []
            var answers: [LoadNode.Answer] = []
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
        if let outage = runner?.outage { throw Self.unavailable(outage) }
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

    func enlist(_ node: LoadNode, of load: PendingLoad) {
        isUndecided = true
        nodes.insert(node)
        keysOnTheirWay += node.keys.count
        load.client.keysOnTheirWay += node.keys.count
        let template = node.plan.template
        templates.keep(template)
        submit(node, of: load)
        counters.keysAsked += node.missing
        template.relationshipCounters.keysAsked += node.missing
    }

    /// Counts memory that the load takes until it is answered.
    func hold(_ bytes: Int, for load: PendingLoad) {
        memory.update(&load.heldBytes, to: load.heldBytes + bytes)
    }

    private func submit(_ node: LoadNode, of load: PendingLoad) {
        let batchKey = node.plan.template.batchKey
        let (client, deadline) = (load.client, load.deadline)
        switch node.keys {
        case .one(let key?):
            batcher.submit(key, of: batchKey, for: node.id, share: &client.share, deadline: deadline, at: now)
        case .one(nil): break
        case .many(let keys):
            batcher.submit(
                keys, of: batchKey, for: node.id, share: &client.share, deadline: deadline, at: now)
        }
    }

    /// A client that is gone waits for nothing.
    func abandon(_ loads: [PendingLoad]) {
        guard !loads.isEmpty else { return }
        // Rows may come for them before they are forgotten.
        for load in loads { load.isAbandoned = true }
        // A query may now be nobody's.
        isUndecided = true
        let farewell = DisconnectCleanup(loads)
        if farewell.runSlice(for: self) { tasks.add(farewell) }
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
        runTasks()
        isUndecided = false
        let nextDeadline = expire()
        while let runner, runner.hasFreeConnection, let batch = batcher.take(at: now) {
            start(batch, on: runner)
            time.refresh()
        }
        let nextKill = killUnwanted()
        let nextBatch = batcher.nextWake(after: now)?.nanoseconds
        let nextTask = tasks.isEmpty ? nil : time.now
        time.wake(at: [nextBatch, nextDeadline, nextKill, nextTask].compactMap { $0 }.min())
    }

    private func runTasks() {
        let start = time.now
        while let task = tasks.next() {
            if task.runSlice(for: self) { tasks.add(task) }
            time.refresh()
            if time.now - start >= tasks.limits.budget { break }
        }
        tasks.turnEnds()
    }

    /// Of one query: each of them is laid out for each of its keys.
    private static let mostProjections = 64

    private func start(_ batch: Batch, on runner: any QueryRunner) {
        guard let template = templates.template(of: batch.batchKey) else {
            preconditionFailure("a waiting batch keeps its template in the table")
        }
        let batchProjections = BatchProjections(batch) { nodes[$0]?.plan.projection }
        if batchProjections.isEmpty {
            // Asked again, and meanwhile nobody waits for it.
            return batcher.finished(batch, isMeasure: false, at: now)
        }
        if batchProjections.projections.count > Self.mostProjections, batch.keys.count > 1 {
            batcher.finished(batch, isMeasure: false, at: now)
            return batcher.retryInHalves(batch, wasSent: false)
        }
        counters.sent(batch)
        template.relationshipCounters.sent(batch)
        let query = BatchQuery(
            batch, batchProjections, template: template, maxReplyBytes: limits.maxReplyBytes, memory: memory)
        running.append(query)
        runner.run(query)
    }

    /// Nanoseconds that a query without waiters may go on: most end sooner than the server could be told to stop them.
    private static let grace: Int64 = 10_000_000

    /// Answers when the next one is to be looked at.
    private func killUnwanted() -> Int64? {
        var next: Int64?
        for query in running where !query.isKilled {
            guard query.isOver || isDeserted(query) else { continue }
            let time = query.batch.sent + Self.grace
            if time <= now {
                counters.kills += 1
                logger.queryDeserted(query)
                query.isKilled = true
                runner?.kill(query)
            } else {
                next = min(next ?? time.nanoseconds, time.nanoseconds)
            }
        }
        hasLostWaiters = next != nil
        return next
    }

    private func isDeserted(_ query: BatchQuery) -> Bool {
        hasLostWaiters && !isAwaited(query)
    }

    func isAwaited(_ query: BatchQuery) -> Bool {
        query.batch.allWaiters.contains { nodes[$0.submission] != nil }
    }

    /// Who does not read replies waits for himself, and for no database; a deadline of his own counts even then.
    private func counts(_ deadline: Deadlines.Deadline) -> Bool {
        guard let load = nodes[deadline.node]?.load else { return false }
        return deadline.isClients || !load.isHeld
    }

    /// Gives up what is overdue, or as much of it as a turn has time for, and answers when the next request will be.
    private func expire() -> Int64? {
        let start = time.now
        while let first = deadlines.next(where: counts) {
            time.refresh()
            if time.now - start > tasks.limits.budget { return time.now }
            guard first.time <= time.now, let load = nodes[first.node]?.load else { return first.time }
            let bound = first.isClients ? "its timeout_ms" : "limits.request_timeout_s"
            let lack =
                load.isHeld ? "the replies before this one were not read" : "no answer from the database"
            logger.debug("a request has timed out", metadata: ["reason": "\(lack) within \(bound)"])
            fail(load, Failure(.timeout, "\(lack) within \(bound)"))
        }
        return nil
    }
}
