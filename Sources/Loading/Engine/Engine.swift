package import Batching
package import Relations
import Time
package import Wire

/// The data path from a decoded load to its answers: what a load asks for, when its keys go to the database, and which
/// rows are whose. A load whose answers are all there goes to its client's ``ReplyQueue``. Confined to one thread.
package final class Engine {
    package let context: EngineContext
    package let templates: QueryTemplates
    let clock: any EngineClock
    private(set) unowned var runner: (any QueryRunner)?
    package internal(set) var batcher: Batcher
    /// Queries under way.
    package internal(set) var running: [BatchQuery] = []
    /// For each relationship, the parts of batches that an unknown error has met since a query brought its rows.
    var splitsInVain: [Int: Int] = [:]
    private var deadlines = Deadlines()
    private var hasNewKeys = false
    /// Whether somebody has given up waiting since the last decision, so that a query may be nobody's now.
    var hasLostWaiters = false
    package var onEvent: (EngineEvent) -> Void = { _ in }

    package init(
        clock: any EngineClock, templates: QueryTemplates, batching: Batcher.Limits, limits: EngineLimits,
        tasks: TaskQueue.Limits, replies: ReplyQueue.Limits = .init()
    ) {
        self.clock = clock
        self.templates = templates
        context = EngineContext(limits: limits, tasks: tasks, replies: replies)
        batcher = Batcher(limits: batching)
    }

    /// - Parameter runner: outlives the engine's use.
    package func attach(_ runner: any QueryRunner) { self.runner = runner }

    /// Requests use this catalog from now on; those on their way go on with their own.
    package func install(_ catalog: Catalog, _ settings: QueryTemplates.Settings) {
        templates.install(catalog, settings)
        prune()
    }

    private func prune() {
        templates.prune(isInUse: batcher.isInUse)
        batcher.removeQueues { templates.template(of: $0) != nil }
    }

    package func reconfigure(batching: Batcher.Limits, limits: EngineLimits) {
        batcher.limits = batching
        context.limits = limits
    }

    var now: Instant { Instant(nanoseconds: clock.now) }

    var loads: LoadTable { context.loads }

    var tasks: TaskQueue { context.tasks }

    // MARK: Requests

    /// Replies at once if no query is needed or none is possible; otherwise the client is owed a reply.
    /// - Parameter bytes: the length of the request's line.
    package func submit(_ load: Load, id: RequestID?, bytes: Int, from queue: ReplyQueue) {
        do {
            try admit(load, id: id, bytes: bytes, from: queue)
        } catch {
            queue.reply(error, to: id)
        }
        // Even a load that was refused, or needed no query, may have left a template behind.
        if templates.isFull { prune() }
    }

    private func admit(_ load: Load, id: RequestID?, bytes: Int, from queue: ReplyQueue) throws(Failure) {
        let plan = try LoadPlanner(templates: templates, account: queue.account).plan(of: load)
        let (keys, answers) = try plan.read(load.keys)
        let timeout = self.timeout(of: load)
        let pending = PendingLoad(
            queue: queue, requestID: id, isList: load.keys.isList,
            deadline: timeout.isClients ? now + TimeSpan(nanoseconds: timeout.nanoseconds) : nil)
        let node = LoadNode(plan: plan, load: pending, keys: keys, answers: answers)
        pending.begin(node)
        guard node.missing > 0 else { return settle(node, of: pending) }
        try requireRoom(forKeys: node.keys.count, of: queue.account)
        // Keys and filters are as long as the line at most.
        loads.begin(pending, bytes: bytes + node.keys.count * LoadNode.bytesPerKey)
        queue.add(pending)
        enlist(node, of: pending)
        deadlines.add(
            .init(time: clock.now + timeout.nanoseconds, node: node.id, isClients: timeout.isClients))
        // Deadlines of requests that were answered stand behind any that still counts.
        if deadlines.count > 2 * loads.count + Self.maxSpareDeadlines { deadlines.prune(where: counts) }
    }

    private static let maxSpareDeadlines = 1024

    private func timeout(of load: Load) -> (nanoseconds: Int64, isClients: Bool) {
        let longest = context.limits.requestTimeout
        guard let asked = load.timeoutMilliseconds.map({ Int64($0) * 1_000_000 }), asked <= longest else {
            return (longest, false)
        }
        return (asked, true)
    }

    func requireRoom(forKeys count: Int, of account: ClientAccount) throws(Failure) {
        if let outage = runner?.outage { throw Self.unavailable(outage) }
        let limits = context.limits
        guard loads.keyCount + count <= limits.maxQueuedKeys else {
            throw Failure(
                .overloaded,
                "\(loads.keyCount) keys are waiting, batching.max_queued_keys is \(limits.maxQueuedKeys); try again"
            )
        }
        if context.memory.isFull { throw context.fullMemory }
        try account.requireRoom(forKeys: count, limit: limits.maxClientKeys)
    }

    /// The node's keys join those of everybody who asks for the same relationship with the same options.
    func enlist(_ node: LoadNode, of load: PendingLoad) {
        hasNewKeys = true
        loads.insert(node, of: load)
        let template = node.plan.template
        templates.keep(template)
        submit(node, of: load)
        context.counters.keysAsked += node.missing
        template.counters.keysAsked += node.missing
    }

    private func submit(_ node: LoadNode, of load: PendingLoad) {
        let batchKey = node.plan.template.batchKey
        let (account, deadline) = (load.queue.account, load.deadline)
        switch node.keys {
        case .one(let key?):
            batcher.submit(
                key, of: batchKey, for: node.id, share: &account.share, deadline: deadline, at: now)
        case .one(nil): break
        case .many(let keys):
            batcher.submit(
                keys, of: batchKey, for: node.id, share: &account.share, deadline: deadline, at: now)
        }
    }

    // MARK: Giving up

    /// The load gets this error for a reply.
    func fail(_ load: PendingLoad, _ failure: Failure) {
        withdraw(load)
        load.queue.fail(load, failure)
    }

    /// Takes a load of a client that is gone out of everything, if nothing else has ended it since.
    func forget(_ load: PendingLoad) {
        guard load.phase == .abandoned else { return }
        withdraw(load)
        loads.finish(load)
    }

    private func withdraw(_ load: PendingLoad) {
        load.forEachNode { node in
            guard node.missing > 0, loads[node.id] === node else { return }
            hasLostWaiters = true
            batcher.withdraw(node.id, keys: node.waitingKeys, of: node.plan.template.batchKey)
        }
    }

    /// Gives up the loads of a client that is gone.
    /// - Parameter loads: what its ``ReplyQueue/close()`` has returned.
    package func abandon(_ loads: [PendingLoad]) {
        guard !loads.isEmpty else { return }
        // Rows may come for them before they are forgotten.
        for load in loads { load.move(to: .abandoned) }
        let cleanup = DisconnectCleanup(loads, engine: self)
        hasNewKeys = true
        if cleanup.runSlice(rows: tasks.limits.rowsInSlice) { tasks.add(cleanup) }
    }

    /// Gives up a client's requests of that id.
    /// - Returns: whether there were any.
    package func cancel(_ target: RequestID, from queue: ReplyQueue) -> Bool {
        let found = queue.owed.filter { $0.requestID == target }
        for load in found {
            fail(load, Failure(.cancelled, "given up by the client's own request"))
        }
        return !found.isEmpty
    }

    /// Ends everything that waits with this error.
    package func failAll(_ failure: Failure) {
        let waiting = loads.allNodes.filter { $0.parent == nil }.map(\.load)
        for load in waiting { fail(load, failure) }
    }

    // MARK: The end of a turn

    /// Whether keys or tasks have come since the last decision.
    package var isUndecided: Bool { hasNewKeys || tasks.hasNew }

    /// Gives due batches to free connections, stops queries that nobody waits for any more, and sets the alarm for the
    /// next batch that will be due. Belongs to the end of every turn.
    package func decide() {
        clock.refresh()
        let turnBegan = clock.now
        tasks.run {
            clock.refresh()
            return clock.now - turnBegan >= tasks.limits.budget
        }
        hasNewKeys = false
        let nextDeadline = expire()
        while let runner, runner.hasFreeConnection, let batch = batcher.nextBatch(at: now) {
            start(batch, on: runner)
            clock.refresh()
        }
        let nextStop = stopUnwanted()
        let nextBatch = batcher.nextWake(after: now)?.nanoseconds
        let nextTask = tasks.isEmpty ? nil : clock.now
        clock.wake(at: [nextBatch, nextDeadline, nextStop, nextTask].compactMap { $0 }.min())
    }

    /// Projections that one query may serve: each of them is laid out for each of its keys.
    private static let maxProjections = 64

    private func start(_ batch: Batch, on runner: any QueryRunner) {
        guard let template = templates.template(of: batch.batchKey) else {
            preconditionFailure("a waiting batch keeps its template in the table")
        }
        let wanted = BatchProjections(batch) { loads[$0]?.plan.projection }
        if wanted.isEmpty {
            // It was to be asked again, and meanwhile nobody waits for it.
            return batcher.finished(batch, isMeasure: false, at: now)
        }
        if wanted.projections.count > Self.maxProjections, batch.keys.count > 1 {
            batcher.finished(batch, isMeasure: false, at: now)
            return batcher.retryInHalves(batch, wasSent: false)
        }
        context.counters.sent(batch)
        template.counters.sent(batch)
        let query = BatchQuery(
            batch, wanted, template: template, maxReplyBytes: context.limits.maxReplyBytes,
            memory: context.memory)
        running.append(query)
        runner.run(query)
    }

    /// Nanoseconds that a query may go on for nobody: most end sooner than the server could be told to stop them.
    private static let stopDelay = TimeSpan.milliseconds(10)

    /// Has queries stopped whose rows nobody wants.
    /// - Returns: when the next one is to be looked at.
    private func stopUnwanted() -> Int64? {
        var next: Int64?
        for query in running where !query.isStopped {
            guard query.isOver || hasLostWaiters && !isAwaited(query) else { continue }
            let time = query.batch.sent + Self.stopDelay
            if time <= now {
                context.counters.kills += 1
                onEvent(.queryStopped(query))
                query.isStopped = true
                runner?.kill(query)
            } else {
                next = min(next ?? time.nanoseconds, time.nanoseconds)
            }
        }
        hasLostWaiters = next != nil
        return next
    }

    /// Waiters whose batch has ended, and who are still to be told so.
    package var undelivered: [Waiter] {
        tasks.all.compactMap { $0 as? BatchDelivery }.flatMap(\.remaining)
    }

    func isAwaited(_ query: BatchQuery) -> Bool {
        query.batch.allWaiters.contains { loads[$0.submission] != nil }
    }

    /// Whether a deadline still bounds its load. A client that does not read its replies keeps its own load waiting, not
    /// the database; only a deadline of its own counts then.
    private func counts(_ deadline: Deadlines.Deadline) -> Bool {
        guard let load = loads[deadline.node]?.load else { return false }
        return deadline.isClients || load.phase != .held
    }

    /// Answers requests that are overdue with `timeout`, as many as a turn has time for.
    /// - Returns: when the next request will be overdue.
    private func expire() -> Int64? {
        let start = clock.now
        while let first = deadlines.next(where: counts) {
            clock.refresh()
            if clock.now - start > tasks.limits.budget { return clock.now }
            guard first.time <= clock.now, let load = loads[first.node]?.load else { return first.time }
            let bound = first.isClients ? "its timeout_ms" : "limits.request_timeout_s"
            let lack =
                load.phase == .held
                ? "the replies before this one were not read" : "no answer from the database"
            onEvent(.requestTimedOut(reason: "\(lack) within \(bound)"))
            fail(load, Failure(.timeout, "\(lack) within \(bound)"))
        }
        return nil
    }
}
