import Time

/// Lets one line in a while through of those that may come by the thousand, and counts the others.
struct LogThrottle {
    /// The time between two of a kind.
    private static let interval = TimeSpan.seconds(1)

    private var last: Instant?
    private var suppressed = 0

    /// How many were held back before this one; nil: this one is too.
    mutating func admit(at now: Instant) -> Int? {
        if let last, now - last < Self.interval {
            suppressed += 1
            return nil
        }
        defer { (last, suppressed) = (now, 0) }
        return suppressed
    }
}
