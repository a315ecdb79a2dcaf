/// Waiting times between attempts to connect: doubling from 50 ms to 5 s, or what is said to be enough, each drawn from
/// its upper half at random, so that many slots and many daemons do not knock at once on a server that has just come back.
struct Backoff {
    private static let shortest: Int64 = 50_000_000
    private static let longest: Int64 = 5_000_000_000
    private var ceiling = shortest

    /// Nanoseconds.
    mutating func next(atMost most: Int64 = longest) -> Int64 {
        let now = min(ceiling, most)
        ceiling = min(now * 2, Self.longest)
        return Int64.random(in: now / 2...now)
    }

    mutating func reset() {
        ceiling = Self.shortest
    }
}
