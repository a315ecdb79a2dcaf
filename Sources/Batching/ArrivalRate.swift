/// How many distinct keys of a batch key come per nanosecond, of late.
struct ArrivalRate: Sendable {
    /// Nanoseconds over which it is taken. Longer than the pauses between the bursts of answered clients.
    private static let horizon = 5_000_000.0

    private var arrivals = 0
    private var since: Instant?
    /// Nil before the first look.
    private var rate: Double?

    mutating func count(at now: Instant) {
        arrivals += 1
        if since == nil { since = now }
    }

    /// Keys that will come within so many nanoseconds if all goes on as before.
    mutating func expected(within nanoseconds: Double, at now: Instant) -> Double {
        let elapsed = Double(since.map { now - $0 } ?? 0)
        if elapsed > 0 {
            let latest = Double(arrivals) / elapsed
            let before = rate ?? latest
            rate = before + elapsed / (elapsed + Self.horizon) * (latest - before)
            since = now
            arrivals = 0
        }
        return (rate ?? 0) * nanoseconds
    }
}
