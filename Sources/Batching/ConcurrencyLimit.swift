import Time

/// How many queries may be in flight at one time. It finds its own level.
///
/// More queries at once help as long as the database answers each as quickly as if it were alone: with a network in
/// between, or with cores to spare. Where it does not, some of them only wait for the others, in smaller batches that
/// cost the database more. How many these are follows from how much slower queries are than one alone: of 4 that take
/// twice as long, 2. So the limit rises while queries that are due must wait and hardly any in flight does, and falls
/// when more than one does (Brakmo and Peterson's Vegas, SIGCOMM 1994, with queries for segments).
struct ConcurrencyLimit: Sendable {
    /// With fewer queries in flight that only wait, one more may help.
    private static let maxWaitingToRise = 0.7
    /// With more, there are too many in flight.
    private static let maxWaiting = 1.4
    /// How much slower than alone queries may always be, and one more be tried: measurements are no better than this.
    private static let noise = 1.15
    /// How much slower they may always be.
    private static let tolerableSlowdown = 1.5
    /// This part of their time in flight must keys wait for others, before one more query at a time is wanted.
    private static let minQueuedShare = 0.1
    /// The time and the number of batches that a decision rests on, at least.
    private static let minEpoch = TimeSpan.milliseconds(20)
    private static let minBatches = 12
    /// After a fall the limit does not rise as high again for so long; each fall that follows a rise doubles it, up to
    /// the second of these times.
    private static let minCooldown = TimeSpan.milliseconds(100)
    private static let maxCooldown = TimeSpan.milliseconds(800)

    private(set) var limit: Int
    var maximum: Int { didSet { limit = min(limit, maximum) } }
    private var count = 0
    /// Nanoseconds that queries took, and that they would have taken alone.
    private var elapsed = 0.0
    private var expected = 0.0
    /// Nanoseconds of all keys together.
    private var served = 0.0
    private var queued = 0.0
    private var since: Instant?
    private var wasCrowded = false
    /// From where it fell.
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

    /// A query has ended.
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
            // Once may be an accident.
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

    /// How much slower than alone queries are if so many of those in flight wait for the others: 4 of which 2 wait take
    /// twice as long.
    private func times(waiting: Double) -> Double {
        waiting < Double(limit) ? 1 / (1 - waiting / Double(limit)) : 1
    }
}
