import DequeModule
package import Relations
package import Time

/// Decides which keys go to the database together, and when.
///
/// Keys of one batch key gather until the first of these holds:
/// - no query of their batch key is in flight (an idle daemon adds no delay);
/// - there are enough for a full batch;
/// - waiting gains no more: half the time that such queries take is over (PostgreSQL's advice for `commit_delay`), or
///   the batch key's window, or nobody is likely to come in that time;
/// - a request's own deadline presses.
///
/// Then they wait for nothing but a free connection, of which no more are used than do the database good. A batch is
/// formed only when `nextBatch` is called, that is when a connection is free to carry it: until then later requests join
/// it. After that none does, so that a write committed before a request is always seen by its answer.
package struct Batcher {
    package struct Limits: Sendable {
        /// Bytes of keys in one query, so that the statement stays far below `max_allowed_packet`.
        package var maxKeyBytes: Int
        /// Queries in flight at one time, at most: the connections.
        package var maxInFlight: Int
        /// Trades latency for fewer queries: one in flight at a time, and keys wait for their whole window if company
        /// is to be expected.
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
        /// From then on it does not keep others from being sent: it waits for a lock or a disk, not for them.
        let overdueAt: Instant
    }

    package var limits: Limits { didSet { concurrency.maximum = limits.isFrugal ? 1 : limits.maxInFlight } }
    private var queues = KeyQueues()
    private var retries: Deque<Batch> = []
    private var schedule = Schedule()
    private var concurrency: ConcurrencyLimit
    /// The round of the keys that were taken last.
    private var round = 0
    private var taken = 0
    /// When a query ended that had the database for itself, or one was sent after a pause.
    private var lastAlone = Instant.zero
    private var lastEnd = Instant.zero
    /// Of queries of batch keys that were not known yet and had the database for themselves.
    private var unknownAlone = ServiceTime()
    private var isTurnOfRetries = false
    /// Distinct keys that wait for their first query.
    package private(set) var queuedKeys = 0
    private var sentQueries: [SentQuery] = []

    package init(limits: Limits) {
        self.limits = limits
        concurrency = ConcurrencyLimit(maximum: limits.isFrugal ? 1 : limits.maxInFlight)
    }

    /// Queries that may be in flight at one time, as the database's answers of late suggest.
    package var inFlightLimit: Int { concurrency.limit }

    /// How quick the database is when it has one query only must be seen from time to time: without a query of its own
    /// now and then, slowness could not be told from distance (as BBR's ProbeRTT: Cardwell et al., ACM Queue 2016).
    /// It costs a few percent of the time at most, and nobody waits for a query that takes long.
    private func inFlightLimit(at now: Instant) -> Int {
        let longest = sentQueries.lazy.map(\.expected).max() ?? .zero
        let isDue = now - lastAlone > max(Self.probeInterval, Self.probeShare * longest)
        return isDue && longest <= Self.maxProbeTime ? 1 : concurrency.limit
    }

    /// After so much work without a pause one query is sent alone.
    private static let probeInterval = TimeSpan.seconds(2)
    /// Where queries take long, one is sent alone after so many times what they take.
    private static let probeShare = 50
    /// The longest time without a query that is not yet a pause.
    private static let pause = TimeSpan.milliseconds(100)
    /// Only queries that take no longer are waited for, so that one can be sent alone.
    private static let maxProbeTime = TimeSpan.milliseconds(100)

    // MARK: In

    /// - Parameters:
    ///   - keys: the submission's keys, by position; nil where no query is needed.
    ///   - share: of the client that asks.
    ///   - deadline: when the client gives up waiting by its own wish.
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

    /// The same for a submission with one key.
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

    /// Changes a queue, and does what follows for its keys.
    private mutating func modify(_ batchKey: BatchKey, at now: Instant, _ change: (inout KeyQueue) -> Void) {
        let isFrugal = limits.isFrugal
        let decision = { (queue: inout KeyQueue) in
            change(&queue)
            return queue.decide(isFrugal: isFrugal, at: now)
        }(&queues[batchKey])
        switch decision {
        case .wait: break
        case .wake(let time): schedule.add(Schedule.Timer(time: time, batchKey: batchKey))
        case .ready(let due):
            schedule.add(due)
            pruneSchedule()
        }
    }

    /// While no connection is free, keys that come and are withdrawn leave one after another behind.
    private mutating func pruneSchedule() {
        guard schedule.dueCount > 2 * queues.all.count + Self.maxStaleDue else { return }
        schedule.pruneDue { [queues] in queues[$0.batchKey].due == $0 }
    }

    private static let maxStaleDue = 1024

    /// A submission that will not wait any longer. What was already sent goes on, for the others or for nobody.
    package mutating func withdraw(
        _ submission: SubmissionID, keys: some Sequence<Key>, of batchKey: BatchKey
    ) {
        queuedKeys -= { (queue: inout KeyQueue) in
            keys.count { queue.withdraw($0, submission) }
        }(&queues[batchKey])
    }

    // MARK: Out

    /// The batch that a free connection carries now, or nil if no keys are due.
    package mutating func nextBatch(at now: Instant) -> Batch? {
        let competingQueries = competingQueries(at: now)
        guard competingQueries < inFlightLimit(at: now) else { return nil }
        guard var batch = nextDue(at: now) else { return nil }
        // Who comes after a pause is alone anyway; who comes after him does not wait for that.
        if sentQueries.isEmpty, now - lastEnd > Self.pause { lastAlone = now }
        taken += 1
        batch.number = taken
        batch.sent = now
        batch.wasAlone = competingQueries == 0
        modify(batch.batchKey, at: now) { $0.inFlight += 1 }
        let expected = queues[batch.batchKey].service.estimate(keys: batch.keys.count)
        let patience = min(max(Self.minPatience, 4 * expected), Self.maxPatience)
        sentQueries.append(
            SentQuery(
                number: taken, relationship: batch.batchKey.relationship, expected: expected,
                overdueAt: now + patience))
        return batch
    }

    /// Those that are asked again and those that have not been asked yet take turns: who asks for many keys that the
    /// database refuses does not keep others waiting.
    private mutating func nextDue(at now: Instant) -> Batch? {
        isTurnOfRetries.toggle()
        return isTurnOfRetries
            ? nextRetry(at: now) ?? form(at: now) : form(at: now) ?? nextRetry(at: now)
    }

    private mutating func nextRetry(at now: Instant) -> Batch? {
        retries.firstIndex { !isHeldBack($0.batchKey, at: now) }.map { retries.remove(at: $0) }
    }

    /// A relationship that has queries overdue (its table is locked, say) does not get the last connection: whatever
    /// is asked of it, others go on.
    private func isHeldBack(_ batchKey: BatchKey, at now: Instant) -> Bool {
        sentQueries.count > 0 && sentQueries.count == limits.maxInFlight - 1
            && sentQueries.contains { $0.relationship == batchKey.relationship && $0.overdueAt <= now }
    }

    /// Queries that were sent and are not yet complete.
    package var inFlight: Int { sentQueries.count }

    /// Those of them that may slow one another down.
    private func competingQueries(at now: Instant) -> Int {
        sentQueries.count { $0.overdueAt > now }
    }

    /// A query is overdue, so that quick ones do not wait for it, after four times what such queries take, but not
    /// before the first of these times and not later than the second.
    private static let minPatience = TimeSpan.milliseconds(20)
    private static let maxPatience = TimeSpan.milliseconds(50)

    private mutating func form(at now: Instant) -> Batch? {
        advance(to: now)
        var heldBack: [Due] = []
        defer { for due in heldBack { schedule.add(due) } }
        while let due = schedule.popDue() {
            // Its keys may have gone from an earlier round, or have been withdrawn.
            guard queues[due.batchKey].due == due else { continue }
            if isHeldBack(due.batchKey, at: now) {
                heldBack.append(due)
                continue
            }
            var batch = Batch(batchKey: due.batchKey, reason: due.reason)
            batch.queuedFor = now - due.since
            queues[due.batchKey].move(into: &batch, maxKeyBytes: limits.maxKeyBytes)
            round = max(round, due.round)
            queuedKeys -= batch.keys.count
            return batch
        }
        return nil
    }

    /// When `nextBatch` must be asked again although nothing else happens; nil if only a free connection or the end
    /// of a query can change its answer.
    package mutating func nextWake(after now: Instant) -> Instant? {
        advance(to: now)
        if competingQueries(at: now) < inFlightLimit(at: now) { return schedule.nextTimer }
        guard queuedKeys > 0 || !retries.isEmpty else { return nil }
        return sentQueries.lazy.map(\.overdueAt).filter { $0 > now }.min()
    }

    /// Some of what waits, due or not, for the day on which it must all be answered with an error; nil if nothing does.
    package mutating func removeWaitingBatch() -> Batch? {
        if let retry = retries.popFirst() { return retry }
        guard let last = queues.all.last(where: { $0.count > 0 }) else { return nil }
        // What is not sent counts for nobody's share.
        if let lastRound = last.lastRound { round = max(round, lastRound + 1) }
        var batch = Batch(batchKey: last.batchKey, reason: .retry)
        queues[last.batchKey].move(into: &batch, maxKeyBytes: limits.maxKeyBytes)
        queuedKeys -= batch.keys.count
        return batch
    }

    // MARK: What becomes of a batch

    /// A batch that `nextBatch` gave out has been answered, by rows or by an error.
    /// - Parameter isMeasure: whether the time that it took says how quick the database is.
    package mutating func finished(_ batch: Batch, isMeasure: Bool, at now: Instant) {
        sentQueries.removeAll { $0.number == batch.number }
        lastEnd = now
        let wasAlone = batch.wasAlone && batch.number == taken
        if wasAlone { lastAlone = now }
        if isMeasure { measure(batch, wasAlone: wasAlone, at: now) }
        modify(batch.batchKey, at: now) { $0.inFlight -= 1 }
    }

    private mutating func measure(_ batch: Batch, wasAlone: Bool, at now: Instant) {
        let elapsed = now - batch.sent
        guard elapsed > .zero else { return }
        let count = batch.keys.count
        queues[batch.batchKey].service.add(keys: count, elapsed: elapsed)
        let own = queues[batch.batchKey].serviceAlone
        // Where every load is another, none is known for itself.
        let before = own.isKnown ? own : unknownAlone
        // Nothing is slower alone than beside others.
        let isAsAlone = wasAlone || elapsed < before.estimate(keys: count)
        if isAsAlone, !own.isKnown { unknownAlone.add(keys: count, elapsed: elapsed) }
        if isAsAlone || !own.isKnown {
            queues[batch.batchKey].serviceAlone.add(keys: count, elapsed: elapsed)
        }
        guard before.isKnown else { return }
        // Also of one alone: as long as the estimate is wrong for these, it says nothing of the others.
        let cost = ConcurrencyLimit.Cost(
            keys: count, elapsed: elapsed, expected: before.estimate(keys: count), queued: batch.queuedFor)
        concurrency.observe(cost, at: now)
    }

    /// Asks for the keys of a failed batch again in two halves, so that after a few times a key that makes every query
    /// fail is alone. The failed batch must be reported `finished` as well.
    /// - Parameter wasSent: whether it was an attempt; otherwise it was too much for one query.
    package mutating func retryInHalves(_ batch: Batch, wasSent: Bool = true) {
        let middle = batch.keys.count / 2
        retries.append(batch.part(0..<middle, wasSent: wasSent))
        retries.append(batch.part(middle..<batch.keys.count, wasSent: wasSent))
    }

    /// Asks for these keys again, each alone, and for the others together.
    package mutating func retry(_ batch: Batch, alone: [Int]) {
        let rest = batch.keys.indices.filter { !alone.contains($0) }
        // Those who share a query with a huge one have waited long enough.
        if !rest.isEmpty { retries.append(batch.part(rest)) }
        for index in alone { retries.append(batch.part(CollectionOfOne(index))) }
    }

    /// Asks a batch again as it is. It must be reported `finished` as well.
    package mutating func retry(_ batch: Batch) {
        retries.append(batch.part(batch.keys.indices))
    }

    // MARK: Batch keys

    /// Whether keys of the batch key wait or are on their way.
    package func isInUse(_ batchKey: BatchKey) -> Bool {
        !queues[batchKey].isIdle || retries.contains { $0.batchKey == batchKey }
    }

    /// Batch keys that will not be asked for again. What still waits is not lost.
    package mutating func removeQueues(except isKept: (BatchKey) -> Bool) {
        queues.remove { $0.isIdle && !isKept($0.batchKey) }
    }

    private mutating func advance(to now: Instant) {
        while let timer = schedule.popTimer(at: now) {
            guard queues[timer.batchKey].wakesAt == timer.time else { continue }
            modify(timer.batchKey, at: now) { _ in }
        }
    }
}
