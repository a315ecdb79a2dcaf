import Time

/// The number of queries that may be in flight, found by observing them.
///
/// More queries in flight help as long as the database answers each of them as quickly as if it were alone,
/// because a network lies in between or cores are idle. If it does not, some of the queries only wait for the
/// others, in smaller batches that cost the database more. How many these are follows from how much slower
/// queries are than one alone: of 4 that take twice as long, 2 wait. So the limit rises while queries that
/// are due have to wait and hardly any query in flight does, and it falls when more than one in flight waits
/// (as in Vegas by Brakmo and Peterson, SIGCOMM 1994, with queries in place of segments).
struct ConcurrencyLimit: Sendable {
    /// If fewer of the queries in flight only wait for others, one more query may help.
    private static let maxWaitingToRise = 0.7
    /// If more of the queries in flight only wait for others, too many are in flight.
    private static let maxWaiting = 1.4
    /// How many times as long as alone queries may take while one more may always be tried; smaller
    /// differences are noise.
    private static let noise = 1.15
    /// How many times as long as alone queries may always take without being too many.
    private static let tolerableSlowdown = 1.5
    /// One more query is wanted when keys wait for others to end for this part of the time that they are in
    /// flight.
    private static let minQueuedShare = 0.1
    /// The least time that a decision rests on.
    private static let minEpoch = TimeSpan.milliseconds(20)
    /// The least number of batches that a decision rests on.
    private static let minBatches = 12
    /// How long the limit does not rise as high again after a fall; each fall that follows a rise doubles it.
    private static let minCooldown = TimeSpan.milliseconds(100)
    /// The most that ``minCooldown`` is doubled to.
    private static let maxCooldown = TimeSpan.milliseconds(800)

    private(set) var limit: Int
    var maximum: Int { didSet { limit = min(limit, maximum) } }
    private var count = 0
    /// Nanoseconds that queries took.
    private var elapsed = 0.0
    /// Nanoseconds that they would have taken alone.
    private var expected = 0.0
    /// Nanoseconds in flight, summed over all keys.
    private var served = 0.0
    /// Nanoseconds that keys waited for other queries to end, summed over all keys.
    private var queued = 0.0
    private var since: Instant?
    private var wasCrowded = false
    /// The limit before it fell last.
    private var ceiling = Int.max
    private var coolsUntil = Instant.zero
    private var cooldown = ConcurrencyLimit.minCooldown
    private var lastRise: Instant?

    init(maximum: Int) {
        self.maximum = maximum
        limit = min(2, maximum)
    }

    /// What a query took.
    struct Cost {
        let keys: Int
        /// The time that it was in flight.
        let elapsed: TimeSpan
        /// The time that it would have taken alone.
        let expected: TimeSpan
        /// The time that it had to wait before, for others to end.
        let queued: TimeSpan
    }

    /// Adds what a query took that has ended, and from time to time changes the limit.
    mutating func observe(_ cost: Cost, at now: Instant) {
        count += 1
        let keys = Double(cost.keys)
        elapsed += Double(cost.elapsed.nanoseconds)
        expected += Double(cost.expected.nanoseconds)
        served += keys * Double(cost.elapsed.nanoseconds)
        queued += keys * Double(cost.queued.nanoseconds)
        guard let since else {
            self.since = now
            return
        }
        guard count >= Self.minBatches, now - since >= Self.minEpoch else { return }
        decide(elapsed / max(1, expected), isWanted: queued > Self.minQueuedShare * served, at: now)
        (count, elapsed, expected, served, queued) = (0, 0, 0, 0, 0)
        self.since = now
    }

    private mutating func decide(_ slowness: Double, isWanted: Bool, at now: Instant) {
        let isCrowded = limit > 1 && slowness > max(Self.tolerableSlowdown, times(waiting: Self.maxWaiting))
        defer { wasCrowded = isCrowded }
        if isCrowded {
            // A single time may be an outlier.
            guard wasCrowded else { return }
            // A rise that had to be taken back is not tried again soon.
            let wasRash = lastRise.map { now - $0 < 4 * cooldown } ?? false
            cooldown = wasRash ? min(2 * cooldown, Self.maxCooldown) : Self.minCooldown
            coolsUntil = now + cooldown
            ceiling = limit
            limit -= max(1, limit / 4)
        } else if slowness < max(Self.noise, times(waiting: Self.maxWaitingToRise)), isWanted {
            let next = min(maximum, limit + max(1, limit / 4))
            guard next > limit, next < ceiling || now >= coolsUntil else { return }
            lastRise = now
            limit = next
        }
    }

    /// How many times as long as alone queries take if so many of those in flight wait for the others: if 2
    /// of 4 wait, they take twice as long.
    private func times(waiting: Double) -> Double {
        waiting < Double(limit) ? 1 / (1 - waiting / Double(limit)) : 1
    }
}
