package import Batching
package import Relations
package import Time
import Wire

/// The data path from a decoded load to its answers: what a load asks for, when its keys go to the database,
/// and which rows are whose. A load whose answers are all there goes to its client's ``ReplyQueue``. Confined
/// to one thread.
package final class Engine {
    package let context: EngineContext
    // The context's parts that every load needs.
    let loads: LoadTable
    let tasks: TaskQueue
    let counters: Counters
    package let templates: QueryTemplates
    let clock: any EngineClock
    private(set) unowned var runner: (any QueryRunner)?
    package internal(set) var batcher: Batcher
    /// Queries under way.
    package internal(set) var running: [BatchQuery] = []
    /// By relationship number, how many queries of several keys have failed with an unknown error since one
    /// brought rows, beginning with the last one whose keys had not been asked before.
    var splitsInVain: [Int: Int] = [:]
    var changedTables = ChangedTables()
    var deadlines = Deadlines()
    /// Whether keys have come or gone since the last decision.
    var needsDecision = false
    /// Whether somebody has given up waiting since the last decision, so that a query may be nobody's now.
    var hasLostWaiters = false
    package var onEvent: (EngineEvent) -> Void = { _ in }

    package init(
        clock: any EngineClock, templates: QueryTemplates, batching: Batcher.Limits, limits: EngineLimits,
        tasks: TaskQueue.Limits, replies: ReplyQueue.Limits = .init()
    ) {
        self.clock = clock
        self.templates = templates
        let context = EngineContext(limits: limits, tasks: tasks, replies: replies)
        self.context = context
        self.tasks = context.tasks
        loads = context.loads
        counters = context.counters
        batcher = Batcher(limits: batching)
    }

    /// - Parameter runner: outlives the engine's use.
    package func attach(_ runner: any QueryRunner) { self.runner = runner }

    /// Requests use this catalog from now on; those on their way go on with their own.
    package func install(_ catalog: Catalog, _ settings: QueryTemplates.Settings) {
        templates.install(catalog, settings)
        prune()
    }

    /// The schema has been read, and what has come of it is served.
    /// - Parameter began: when the reading began.
    package func catalogRead(began: Instant) {
        changedTables.catalogRead(templates.catalog, began: began, at: now)
    }

    func prune() {
        templates.prune(isInUse: batcher.isInUse)
        batcher.removeQueues { templates.template(of: $0) != nil }
    }

    package func reconfigure(batching: Batcher.Limits, limits: EngineLimits) {
        batcher.limits = batching
        context.limits = limits
    }

    var now: Instant { clock.now }

    // MARK: The end of a turn

    /// Whether keys or tasks have come since the last decision.
    package var isUndecided: Bool { needsDecision || tasks.hasNew }

    /// Whether keys wait for their first query.
    package var hasWaitingKeys: Bool { batcher.queuedKeys > 0 }

    /// Goes on with tasks, gives up overdue requests, hands due batches to free connections and has queries
    /// killed that nobody waits for; then sets the alarm for whatever comes next. To be called at the end of
    /// every turn.
    package func decide() {
        clock.refresh()
        let turnBegan = clock.now
        tasks.run {
            clock.refresh()
            return clock.now - turnBegan >= tasks.limits.budget
        }
        needsDecision = false
        let nextDeadline = expire()
        while let runner, runner.hasFreeConnection, let batch = batcher.nextBatch(at: now) {
            start(batch, on: runner)
            clock.refresh()
        }
        let nextStop = killUnwanted()
        let nextBatch = batcher.nextWake(after: now)
        let nextTask = tasks.isEmpty ? nil : clock.now
        clock.wake(at: .earlier(.earlier(nextBatch, nextDeadline), .earlier(nextStop, nextTask)))
    }

    /// Projections that one query may serve: each of them is laid out for each of its keys.
    private static let maxProjections = 64

    private func start(_ batch: Batch, on runner: any QueryRunner) {
        let audience = BatchAudience(batch) { loads[$0]?.plan }
        guard let plan = audience.first else {
            // It was to be sent again, and by now nobody waits for it.
            return batcher.finished(batch, countsAsMeasurement: false, at: now)
        }
        if audience.count > Self.maxProjections, batch.keys.count > 1 {
            batcher.finished(batch, countsAsMeasurement: false, at: now)
            return batcher.retryInHalves(batch, wasSent: false)
        }
        let projected =
            audience.count == 1 ? plan.query : ProjectedQuery(plan.template, showing: audience.projections)
        counters.sent(batch)
        projected.template.counters.sent(batch)
        let query = BatchQuery(
            batch, projected, wanted: audience.byKey, maxReplyBytes: context.limits.maxReplyBytes,
            memory: context.memory)
        running.append(query)
        runner.run(query)
    }

    /// How long after its sending a query may go on for nobody: most end sooner than the server could be told
    /// to stop them.
    private static let killDelay = TimeSpan.milliseconds(10)

    /// Has queries stopped whose rows nobody wants.
    /// - Returns: when the next one is to be looked at.
    private func killUnwanted() -> Instant? {
        var next: Instant?
        for query in running where !query.isKillRequested {
            guard query.needsNoMoreRows || hasLostWaiters && !isAwaited(query) else { continue }
            let time = query.batch.sentAt + Self.killDelay
            if time <= now {
                counters.kills += 1
                onEvent(.queryKilled(query))
                query.isKillRequested = true
                runner?.kill(query)
            } else {
                next = min(next ?? time, time)
            }
        }
        hasLostWaiters = next != nil
        return next
    }

    /// Waiters whose batch has ended and that have not had its result yet.
    package var undelivered: [Waiter] {
        tasks.all.compactMap { $0 as? BatchDelivery }.flatMap(\.remaining)
    }

    func isAwaited(_ query: BatchQuery) -> Bool {
        query.batch.allWaiters.contains { loads[$0.submission] != nil }
    }

    /// Whether a deadline still bounds its load. A client that does not read its replies keeps its own load
    /// waiting, not the database; only a deadline of its own counts then.
    func stillApplies(_ deadline: Deadlines.Deadline) -> Bool {
        guard let load = loads[deadline.node]?.load else { return false }
        return deadline.isSetByClient || load.phase != .held
    }

    /// Answers requests that are overdue with `timeout`, as many as a turn has time for.
    /// - Returns: when the next request will be overdue.
    private func expire() -> Instant? {
        let start = clock.now
        while let first = deadlines.next(where: stillApplies) {
            clock.refresh()
            if clock.now - start > tasks.limits.budget { return clock.now }
            guard first.time <= clock.now, let load = loads[first.node]?.load else { return first.time }
            let bound = first.isSetByClient ? "its timeout_ms" : "limits.request_timeout_s"
            let lack =
                load.phase == .held
                ? "the replies before this one were not read" : "no answer from the database"
            onEvent(.requestTimedOut(reason: "\(lack) within \(bound)"))
            fail(load, Failure(.timeout, "\(lack) within \(bound)"))
        }
        return nil
    }
}
