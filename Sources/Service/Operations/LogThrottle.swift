import Time

/// Lets one line in a while through of those that may come by the thousand, and counts the others.
struct LogThrottle {
    /// The least time between two lines.
    private static let interval = TimeSpan.seconds(1)

    private var last: Instant?
    private var suppressed = 0

    /// Asks to write a line now.
    /// - Returns: how many were suppressed since the last one; nil if this one is to be suppressed too.
    mutating func admit(at now: Instant) -> Int? {
        if let last, now - last < Self.interval {
            suppressed += 1
            return nil
        }
        defer { (last, suppressed) = (now, 0) }
        return suppressed
    }
}
