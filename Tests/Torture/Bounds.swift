import Service

/// The bounds that a healthy daemon keeps, even while it shares two processors with everything that tortures
/// it. Each is several times the value seen in runs of ten minutes.
enum Bounds {
    /// Resident memory at any time, in KiB; most of it is replies that clients do not read.
    static let maxKilobytes = 256 << 10
    /// Resident memory after all clients have gone, in KiB beyond that of a daemon that was never asked.
    static let maxKilobytesAtRest = 64 << 10
    /// Growth of resident memory, in KiB a minute.
    static let maxGrowth = 16 << 10
    /// Open descriptors: the clients' connections, the database's, and those that the daemon has anyway.
    static let maxFiles = 200
    /// The longest turn but for one in a hundred, in microseconds. Where the loop has to wait for a
    /// processor, `slow` times the factor by which that lengthens its turns, if that is more.
    private static let longTurn = (10_000, slow: 3000.0)
    /// The longest turn of all, in microseconds, besides what the loop waited for a processor.
    private static let longestTurn = 250_000
    /// A daemon younger than this has too short a history, or too few turns, to be judged by them.
    private static let minTime = (forGrowth: Duration.seconds(120), forTurns: Duration.seconds(30))

    /// A measured value and its bound, both in the same unit.
    struct Figure {
        let what: String
        let value: Int
        let bound: Int

        var isBad: Bool { value > bound }
        /// The part of the bound that is used; more than 1 is a finding.
        var share: Double { Double(value) / Double(max(bound, 1)) }
    }

    static func memoryAtRest(_ before: Report.Rest, _ after: Report.Rest) -> Figure {
        Figure(
            what: "memory at rest, KiB", value: after.kilobytes, bound: before.kilobytes + maxKilobytesAtRest)
    }

    static func memory(_ run: ResourceMonitor.Run) -> Figure {
        Figure(what: "memory, KiB", value: run.maxKilobytes, bound: maxKilobytes)
    }

    static func growth(_ run: ResourceMonitor.Run) -> Figure? {
        guard run.time >= minTime.forGrowth else { return nil }
        return Figure(what: "growth of memory, KiB a minute", value: Int(run.growth), bound: maxGrowth)
    }

    static func files(_ run: ResourceMonitor.Run) -> Figure {
        Figure(what: "descriptors", value: run.maxFiles, bound: maxFiles)
    }

    static func longTurn(_ run: ResourceMonitor.Run) -> Figure? {
        guard run.time >= minTime.forTurns else { return nil }
        let bound = max(longTurn.0, Int(longTurn.slow * run.slowness))
        return Figure(what: "99 turns in 100, us", value: run.longTurn, bound: bound)
    }

    static func longestTurn(_ run: ResourceMonitor.Run) -> Figure {
        Figure(
            what: "the longest turn, us", value: run.longestFreeTurn,
            bound: longestTurn + run.waitedAtLongest)
    }

    /// The counters of which the list of metrics says that they stay 0, such as `stray_rows`.
    static func alwaysZero(_ run: ResourceMonitor.Run) -> [Figure] {
        Metric.names(.alwaysZero).map { Figure(what: $0, value: run.unexplained[$0] ?? 0, bound: 0) }
    }

    static func all(_ runs: [ResourceMonitor.Run], before: Report.Rest, after: Report.Rest) -> [Figure] {
        [memoryAtRest(before, after)]
            + runs.flatMap { run in
                [memory(run), growth(run), files(run), longTurn(run), longestTurn(run)].compactMap { $0 }
                    + alwaysZero(run)
            }
    }
}
