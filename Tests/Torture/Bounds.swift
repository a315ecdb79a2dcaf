/// What a healthy daemon keeps to, also where all that tortures it shares its two processors. Each is several times what
/// runs of ten minutes have shown.
enum Bounds {
    /// KiB at any time; unread replies are most of it.
    static let kilobytes = 256 << 10
    /// KiB beyond those of a daemon that nobody has asked yet, when all clients are gone.
    static let kilobytesAtRest = 64 << 10
    /// KiB a minute.
    static let growth = 16 << 10
    /// Customers and villains with their connections, the database's, and what it has anyway.
    static let files = 200
    /// Microseconds of 99 turns in 100; where the loop waited for a processor so many for each time as long as on a machine
    /// of its own, if that is more.
    private static let longTurn = (10_000, slow: 3000.0)
    /// Microseconds of any turn, beside what the loop waited for a processor.
    private static let longestTurn = 250_000
    /// Before them, a new daemon's growth, and its few turns, tell nothing.
    private static let leastLife = (forGrowth: Duration.seconds(120), forTurns: Duration.seconds(30))

    /// A figure beside its bound.
    struct Judged {
        let what: String
        let value: Int
        let bound: Int

        var isBad: Bool { value > bound }
        /// The fuller the worse.
        var share: Double { Double(value) / Double(max(bound, 1)) }
    }

    static func memoryAtRest(_ before: Report.Rest, _ after: Report.Rest) -> Judged {
        Judged(what: "memory at rest, KiB", value: after.kilobytes, bound: before.kilobytes + kilobytesAtRest)
    }

    static func memory(_ life: Vitals.Life) -> Judged {
        Judged(what: "memory, KiB", value: life.mostKilobytes, bound: kilobytes)
    }

    static func growth(_ life: Vitals.Life) -> Judged? {
        guard life.time >= leastLife.forGrowth else { return nil }
        return Judged(what: "growth of memory, KiB a minute", value: Int(life.growth), bound: growth)
    }

    static func files(_ life: Vitals.Life) -> Judged {
        Judged(what: "descriptors", value: life.mostFiles, bound: files)
    }

    static func longTurn(_ life: Vitals.Life) -> Judged? {
        guard life.time >= leastLife.forTurns else { return nil }
        let bound = max(longTurn.0, Int(longTurn.slow * life.slowness))
        return Judged(what: "99 turns in 100, us", value: life.longTurn, bound: bound)
    }

    static func longestTurn(_ life: Vitals.Life) -> Judged {
        Judged(
            what: "the longest turn, us", value: life.longestFreeTurn,
            bound: longestTurn + life.waitedAtLongest)
    }

    static func strayRows(_ life: Vitals.Life) -> Judged {
        Judged(what: "rows that belong to no key that was asked for", value: life.strayRows, bound: 0)
    }

    static func all(_ lives: [Vitals.Life], before: Report.Rest, after: Report.Rest) -> [Judged] {
        [memoryAtRest(before, after)]
            + lives.flatMap { life in
                [memory(life), growth(life), files(life), longTurn(life), longestTurn(life), strayRows(life)]
                    .compactMap { $0 }
            }
    }
}
