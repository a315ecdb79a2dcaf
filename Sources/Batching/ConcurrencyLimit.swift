/// How many queries may be in flight at one time. It finds its own level.
///
/// More queries at once help as long as the database answers each as quickly as if it were alone: with a network in
/// between, or with cores to spare. Where it does not, they only wait for one another, in smaller batches that cost
/// the database more. So the limit rises while queries that are due must wait and those in flight are not slowed
/// down by one another, and falls when they are (Brakmo and Peterson's Vegas, SIGCOMM 1994, over queries).
struct ConcurrencyLimit: Sendable {
    /// Below this many times the time of a query alone, one more may help.
    private static let smooth = 1.5
    /// The same where there is one only: what one alone takes must be known well before it is left.
    private static let smoothAlone = 1.15
    /// Above it, there are too many.
    private static let crowded = 2.2
    /// This part of their time in flight must keys wait for others, before one more query at a time is wanted.
    private static let noticeable = 0.1
    /// Nanoseconds and batches that a decision rests on, at least.
    private static let epoch: Int64 = 20_000_000
    private static let batches = 12
    /// Nanoseconds after a fall in which it does not rise again, at first; each fall that follows a rise doubles it.
    private static let shortestRest: Int64 = 100_000_000
    private static let longestRest: Int64 = 3_200_000_000

    private(set) var limit: Int
    var maximum: Int { didSet { limit = min(limit, maximum) } }
    private var slowness = 0.0
    private var count = 0
    /// Nanoseconds of all keys together.
    private var served = 0.0
    private var queued = 0.0
    private var since: Instant?
    private var restsUntil = Instant(nanoseconds: 0)
    private var rest = ConcurrencyLimit.shortestRest
    private var lastRise: Instant?

    init(maximum: Int) {
        self.maximum = maximum
        limit = min(2, maximum)
    }

    /// What a query took.
    struct Cost {
        let keys: Double
        /// Nanoseconds in flight.
        let elapsed: Double
        /// Nanoseconds that it had to wait before, for others to end.
        let queued: Double
    }

    /// A query has ended.
    /// - Parameter slowness: its time, in times of one alone.
    mutating func observe(_ cost: Cost, slowness: Double, at now: Instant) {
        self.slowness += slowness
        count += 1
        served += cost.keys * cost.elapsed
        queued += cost.keys * cost.queued
        guard let since else {
            self.since = now
            return
        }
        guard count >= Self.batches, now - since >= Self.epoch else { return }
        decide(self.slowness / Double(count), isWanted: queued > Self.noticeable * served, at: now)
        (self.slowness, count, served, queued) = (0, 0, 0, 0)
        self.since = now
    }

    private mutating func decide(_ slowness: Double, isWanted: Bool, at now: Instant) {
        if slowness > Self.crowded, limit > 1 {
            // A rise that had to be taken back is not tried again soon.
            let wasRash = lastRise.map { now - $0 < 4 * rest } ?? false
            rest = wasRash ? min(2 * rest, Self.longestRest) : Self.shortestRest
            restsUntil = now + rest
            limit = max(1, limit * 3 / 4)
        } else if slowness < (limit == 1 ? Self.smoothAlone : Self.smooth), isWanted, limit < maximum,
            now >= restsUntil
        {
            lastRise = now
            limit = min(maximum, limit + max(1, limit / 4))
        }
    }
}
