/// Lets one line in a while through of those that may come by the thousand, and counts the others.
struct LogThrottle {
    /// Nanoseconds between two of a kind.
    private static let interval: Int64 = 1_000_000_000

    private var last: Int64?
    private var suppressed = 0

    /// How many were held back before this one; nil: this one is too.
    mutating func admit(at now: Int64) -> Int? {
        if let last, now - last < Self.interval {
            suppressed += 1
            return nil
        }
        defer { (last, suppressed) = (now, 0) }
        return suppressed
    }
}
