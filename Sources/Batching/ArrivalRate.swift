import Time

/// How often distinct keys of one batch key have come of late.
struct ArrivalRate: Sendable {
    /// The time over which the rate is taken: longer than the pauses between the bursts of answered clients.
    private static let horizon = TimeSpan.milliseconds(5)

    private var arrivals = 0
    private var since: Instant?
    /// Keys per nanosecond; nil before the first look.
    private var rate: Double?

    /// Counts one more distinct key.
    mutating func count(at now: Instant) {
        arrivals += 1
        if since == nil { since = now }
    }

    /// The number of keys that will come within the span if all goes on as before.
    mutating func expected(within span: TimeSpan, at now: Instant) -> Double {
        let elapsed = since.map { now - $0 } ?? .zero
        if elapsed > .zero {
            let latest = Double(arrivals) / Double(elapsed.nanoseconds)
            let before = rate ?? latest
            rate = before + elapsed / (elapsed + Self.horizon) * (latest - before)
            since = now
            arrivals = 0
        }
        return (rate ?? 0) * Double(span.nanoseconds)
    }
}
