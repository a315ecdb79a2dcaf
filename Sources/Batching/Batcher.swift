import DequeModule
package import Relations
package import Time

/// Decides which keys go to the database together, and when.
///
/// Keys of one batch key gather until the first of these holds:
/// - no query of their batch key is in flight, unless `isFrugal` (an idle daemon adds no delay);
/// - there are enough of them for a full batch;
/// - waiting gains nothing more, because half the time that such queries take has passed (PostgreSQL's advice
///   for `commit_delay`), or the batch key's window has, or no other key is likely to come in that time;
/// - a request's own deadline is near.
///
/// From then on they wait only for a free connection, and no more connections are used than is good for the
/// database. A batch is formed when ``nextBatch(at:)`` is called, which is when a connection is free to carry
/// it; until then, later requests join it. After that none does, so that an answer always shows what was
/// committed before the request.
package struct Batcher {
    /// The bounds of what is sent, which the configuration sets.
    package struct Limits: Sendable {
        /// The greatest number of bytes of keys in one query, so that the statement stays far below
        /// `max_allowed_packet`.
        package var maxKeyBytes: Int
        /// The greatest number of queries in flight, which is the number of connections.
        package var maxInFlight: Int
        /// Whether fewer queries are worth more than latency: one query is in flight at a time, and keys wait
        /// for their whole window if others are likely to come.
        package var isFrugal: Bool

        package init(maxKeyBytes: Int, maxInFlight: Int, isFrugal: Bool = false) {
            self.maxKeyBytes = maxKeyBytes
            self.maxInFlight = maxInFlight
            self.isFrugal = isFrugal
        }
    }

    /// A query that was sent and is not yet complete.
    private struct SentQuery {
        let number: Int
        let relationship: Int
        /// How long such a query takes.
        let expected: TimeSpan
        /// When the query no longer keeps others from being sent: it waits for a lock or a disk by then, and
        /// not for them.
        let overdueAt: Instant
    }

    /// The bounds of what is sent. They may change at any time, and hold for the batches that follow.
    package var limits: Limits { didSet { concurrency.maximum = limits.isFrugal ? 1 : limits.maxInFlight } }
    private var queues = KeyQueues()
    private var retries: Deque<Batch> = []
    private var schedule = Schedule()
    private var concurrency: ConcurrencyLimit
    /// The round of the keys that were handed out last.
    private var round = 0
    /// The number of batches that were handed out.
    private var batchCount = 0
    /// When a query that had the database for itself ended last, or one was sent after a pause.
    private var lastAlone = Instant.zero
    /// When a query ended last.
    private var lastEnd = Instant.zero
    /// How long queries took that had the database for themselves and whose batch keys were not known yet.
    private var serviceAloneOfUnknown = ServiceTime()
    private var isTurnOfRetries = false
    /// The number of distinct keys that wait for their first query.
    package private(set) var queuedKeys = 0
    private var sentQueries: [SentQuery] = []

    package init(limits: Limits) {
        self.limits = limits
        concurrency = ConcurrencyLimit(maximum: limits.isFrugal ? 1 : limits.maxInFlight)
    }

    /// The number of queries that may be in flight, as the database's latest answers suggest.
    package var inFlightLimit: Int { concurrency.limit }

    /// The number of queries that may be in flight now. From time to time it is one, to see how quick the
    /// database is with a single query: otherwise slowness could not be told from distance (as with BBR's
    /// ProbeRTT: Cardwell et al., ACM Queue 2016). That costs a few percent of the time at most, and no key
    /// waits for a query that takes long.
    private func inFlightLimit(at now: Instant) -> Int {
        let longest = sentQueries.lazy.map(\.expected).max() ?? .zero
        let isDue = now - lastAlone > max(Self.probeInterval, Self.probeIntervalInQueries * longest)
        return isDue && longest <= Self.maxProbeTime ? 1 : concurrency.limit
    }

    /// After so much work without a pause one query is sent alone.
    private static let probeInterval = TimeSpan.seconds(2)
    /// Where queries take long, one is sent alone each time that the longest could have run this often.
    private static let probeIntervalInQueries = 50
    /// The longest time without a query that is not yet a pause.
    private static let pause = TimeSpan.milliseconds(100)
    /// Only queries that take no longer are waited for, so that one can be sent alone.
    private static let maxProbeTime = TimeSpan.milliseconds(100)

    // MARK: In

    /// Adds a request's keys to those that wait.
    /// - Parameters:
    ///   - keys: the request's keys by position; nil where no query is needed.
    ///   - share: the fair share of the client that asks.
    ///   - deadline: when the client stops waiting, if it said so itself.
    package mutating func submit(
        _ keys: [Key?], of batchKey: BatchKey, for submission: SubmissionID, share: inout FairShare,
        deadline: Instant? = nil,
        at now: Instant
    ) {
        let current = round
        var new = 0
        modify(batchKey, at: now) { queue in
            for (position, key) in keys.enumerated() {
                guard let key else { continue }
                let waiter = Waiter(submission: submission, position: position)
                let round = share.next(current: current)
                if queue.add(key, waiter, round: round, deadline: deadline, at: now) { new += 1 }
            }
        }
        queuedKeys += new
    }

    /// Adds the key of a request that has only one to those that wait; otherwise like the function for
    /// several keys.
    package mutating func submit(
        _ key: Key, of batchKey: BatchKey, for submission: SubmissionID, share: inout FairShare,
        deadline: Instant? = nil,
        at now: Instant
    ) {
        let waiter = Waiter(submission: submission, position: 0)
        let round = share.next(current: round)
        var isNew = false
        modify(batchKey, at: now) { queue in
            isNew = queue.add(key, waiter, round: round, deadline: deadline, at: now)
        }
        if isNew { queuedKeys += 1 }
    }

    /// Changes a queue, and schedules its keys anew.
    private mutating func modify(_ batchKey: BatchKey, at now: Instant, _ change: (inout KeyQueue) -> Void) {
        let isFrugal = limits.isFrugal
        let decision = { (queue: inout KeyQueue) in
            change(&queue)
            return queue.decide(isFrugal: isFrugal, at: now)
        }(&queues[batchKey])
        switch decision {
        case .unchanged: break
        case .wake(let time): schedule.add(Schedule.Timer(time: time, batchKey: batchKey))
        case .ready(let due):
            schedule.add(due)
            pruneSchedule()
        }
    }

    /// Drops entries of batch keys that are no longer due, which accumulate when keys come and are withdrawn
    /// while no connection is free.
    private mutating func pruneSchedule() {
        guard schedule.dueCount > 2 * queues.all.count + Self.maxStaleDue else { return }
        schedule.pruneDue { [queues] in queues[$0.batchKey].due == $0 }
    }

    private static let maxStaleDue = 1024

    /// Removes a request that no longer waits. Queries that were sent already go on, for other waiters or for
    /// none.
    package mutating func withdraw(
        _ submission: SubmissionID, keys: some Sequence<Key>, of batchKey: BatchKey
    ) {
        queuedKeys -= { (queue: inout KeyQueue) in
            keys.count { queue.withdraw($0, submission) }
        }(&queues[batchKey])
    }

    // MARK: Out

    /// Whether keys wait for their first query or for another one.
    private var hasWaiting: Bool { queuedKeys > 0 || !retries.isEmpty }

    /// Forms the batch that a free connection is to carry now; nil if no keys are due.
    package mutating func nextBatch(at now: Instant) -> Batch? {
        guard hasWaiting else { return nil }
        let competingQueries = competingQueries(at: now)
        // One query may always be in flight.
        guard competingQueries == 0 || competingQueries < inFlightLimit(at: now) else { return nil }
        guard var batch = nextDue(at: now) else { return nil }
        // The first query after a pause is alone anyway; the next one does not wait for it because of that.
        if sentQueries.isEmpty, now - lastEnd > Self.pause { lastAlone = now }
        batchCount += 1
        batch.number = batchCount
        batch.sentAt = now
        batch.wasAlone = competingQueries == 0
        modify(batch.batchKey, at: now) { $0.inFlight += 1 }
        let expected = queues[batch.batchKey].service.estimate(keys: batch.keys.count)
        let patience = min(max(Self.minPatience, 4 * expected), Self.maxPatience)
        sentQueries.append(
            SentQuery(
                number: batchCount, relationship: batch.batchKey.relationshipNumber, expected: expected,
                overdueAt: now + patience))
        return batch
    }

    /// Batches that are sent again take turns with keys that have not been sent yet, so that a client that
    /// asks for many keys that the database refuses does not keep others waiting.
    private mutating func nextDue(at now: Instant) -> Batch? {
        isTurnOfRetries.toggle()
        return isTurnOfRetries
            ? nextRetry(at: now) ?? form(at: now) : form(at: now) ?? nextRetry(at: now)
    }

    private mutating func nextRetry(at now: Instant) -> Batch? {
        retries.firstIndex { !isHeldBack($0.batchKey, at: now) }.map { retries.remove(at: $0) }
    }

    /// Whether the batch key has to leave the last connection to others, because its relationship has overdue
    /// queries: its table may be locked, and the others go on whatever is asked of it.
    private func isHeldBack(_ batchKey: BatchKey, at now: Instant) -> Bool {
        sentQueries.count > 0 && sentQueries.count == limits.maxInFlight - 1
            && sentQueries.contains { $0.relationship == batchKey.relationshipNumber && $0.overdueAt <= now }
    }

    /// The number of queries that were sent and are not yet complete.
    package var inFlight: Int { sentQueries.count }

    /// The number of queries in flight that may slow one another down: those that are not overdue.
    private func competingQueries(at now: Instant) -> Int {
        sentQueries.count { $0.overdueAt > now }
    }

    /// How long a query goes at least before it counts as overdue, so that quick ones do not wait for it any
    /// more; otherwise it is four times what such queries take.
    private static let minPatience = TimeSpan.milliseconds(20)
    /// How long a query goes at most before it counts as overdue.
    private static let maxPatience = TimeSpan.milliseconds(50)

    private mutating func form(at now: Instant) -> Batch? {
        fireTimers(upTo: now)
        var heldBack: [DueEntry] = []
        defer { for due in heldBack { schedule.add(due) } }
        while let due = schedule.popDue() {
            // Its keys may have been sent with an earlier round, or have been withdrawn.
            guard queues[due.batchKey].due == due else { continue }
            if isHeldBack(due.batchKey, at: now) {
                heldBack.append(due)
                continue
            }
            var batch = Batch(batchKey: due.batchKey, reason: due.reason)
            batch.queuedFor = now - due.dueSince
            queues[due.batchKey].move(into: &batch, maxKeyBytes: limits.maxKeyBytes)
            round = max(round, due.round)
            queuedKeys -= batch.keys.count
            return batch
        }
        return nil
    }

    /// When ``nextBatch(at:)`` must be called again even if nothing happens; nil if only a free connection or
    /// the end of a query can change its result.
    package mutating func nextWake(after now: Instant) -> Instant? {
        guard hasWaiting else { return nil }
        fireTimers(upTo: now)
        if competingQueries(at: now) < inFlightLimit(at: now) { return schedule.nextTimer }
        return sentQueries.lazy.map(\.overdueAt).filter { $0 > now }.min()
    }

    /// Removes some of the waiting keys, due or not, so that an outage can fail them all; nil if none waits.
    package mutating func removeWaitingBatch() -> Batch? {
        if let retry = retries.popFirst() { return retry }
        guard let last = queues.all.last(where: { $0.count > 0 }) else { return nil }
        // Keys that are not sent do not count as anybody's share.
        if let lastRound = last.lastRound { round = max(round, lastRound + 1) }
        var batch = Batch(batchKey: last.batchKey, reason: .retry)
        queues[last.batchKey].move(into: &batch, maxKeyBytes: limits.maxKeyBytes)
        queuedKeys -= batch.keys.count
        return batch
    }

    // MARK: What becomes of a batch

    /// Notes that a batch from ``nextBatch(at:)`` has been answered, by rows or by an error.
    /// - Parameter countsAsMeasurement: whether the time that it took says something about how quick the
    ///   database is.
    package mutating func finished(_ batch: Batch, countsAsMeasurement: Bool, at now: Instant) {
        sentQueries.removeAll { $0.number == batch.number }
        lastEnd = now
        let wasAlone = batch.wasAlone && batch.number == batchCount
        if wasAlone { lastAlone = now }
        if countsAsMeasurement { measure(batch, wasAlone: wasAlone, at: now) }
        modify(batch.batchKey, at: now) { $0.inFlight -= 1 }
    }

    private mutating func measure(_ batch: Batch, wasAlone: Bool, at now: Instant) {
        let elapsed = now - batch.sentAt
        guard elapsed > .zero else { return }
        let count = batch.keys.count
        queues[batch.batchKey].service.add(keys: count, elapsed: elapsed)
        let own = queues[batch.batchKey].serviceAlone
        // If every load is a different one, none of them is known by itself.
        let before = own.isKnown ? own : serviceAloneOfUnknown
        // No query is slower alone than beside others.
        let isAsAlone = wasAlone || elapsed < before.estimate(keys: count)
        if isAsAlone, !own.isKnown { serviceAloneOfUnknown.add(keys: count, elapsed: elapsed) }
        if isAsAlone || !own.isKnown {
            queues[batch.batchKey].serviceAlone.add(keys: count, elapsed: elapsed)
        }
        guard before.isKnown else { return }
        // Queries that were alone count too: as long as the estimate is wrong for them, it says nothing about
        // others.
        let cost = ConcurrencyLimit.Cost(
            keys: count, elapsed: elapsed, expected: before.estimate(keys: count), queued: batch.queuedFor)
        concurrency.observe(cost, at: now)
    }

    /// Sends the keys of a failed batch again in two halves, so that a key that makes every query fail is
    /// alone after a few times. The batch must be reported as ``finished(_:countsAsMeasurement:at:)`` too.
    /// - Parameter wasSent: whether the batch counts as an attempt; false if it was too large for one query.
    package mutating func retryInHalves(_ batch: Batch, wasSent: Bool = true) {
        let middle = batch.keys.count / 2
        retries.append(batch.part(0..<middle, wasSent: wasSent))
        retries.append(batch.part(middle..<batch.keys.count, wasSent: wasSent))
    }

    /// Sends the keys of a failed batch again: some of them each alone, and the others together. The batch
    /// must be reported as ``finished(_:countsAsMeasurement:at:)`` too.
    /// - Parameter alone: the indices of the keys that are sent alone.
    package mutating func retry(_ batch: Batch, alone: [Int]) {
        let rest = batch.keys.indices.filter { !alone.contains($0) }
        // Keys that shared a query with a huge one have waited long enough.
        if !rest.isEmpty { retries.append(batch.part(rest)) }
        for index in alone { retries.append(batch.part(CollectionOfOne(index))) }
    }

    /// Sends a batch again as it is. It must be reported as ``finished(_:countsAsMeasurement:at:)`` too.
    package mutating func retry(_ batch: Batch) {
        retries.append(batch.part(batch.keys.indices))
    }

    // MARK: Batch keys

    /// Whether keys of the batch key wait or are in flight.
    package func isInUse(_ batchKey: BatchKey) -> Bool {
        !queues[batchKey].isIdle || retries.contains { $0.batchKey == batchKey }
    }

    /// Forgets batch keys that will not be asked for again, unless keys of theirs still wait or are in
    /// flight.
    /// - Parameter isKept: whether a batch key may be asked for again.
    package mutating func removeQueues(except isKept: (BatchKey) -> Bool) {
        queues.remove { $0.isIdle && !isKept($0.batchKey) }
    }

    private mutating func fireTimers(upTo now: Instant) {
        while let timer = schedule.popTimer(at: now) {
            guard queues[timer.batchKey].wakesAt == timer.time else { continue }
            modify(timer.batchKey, at: now) { _ in }
        }
    }
}
