/// What is expected of the built-in comparison, and what was measured. Behind each bar stands what a minimal coalescing
/// daemon in C reaches on two cores.
struct Bars {
    private var expectations: [Report.Expectation] = []

    var section: Section { Section("what is expected", expectations) }

    init(
        _ comparisons: [Comparison], lone: Comparison, open: [Suite.OpenLoop], ramp: Report.RampRecord,
        idleKilobytes: Double?
    ) {
        let bars: [(inFlight: Int, database: [Double], all: [Double])] = [
            (8, [9, 6, 2.3], [6, 4.5, 2.3]), (1, [4.5, 4, 2], []),
        ]
        for (inFlight, database, all) in bars {
            for (comparison, bar) in zip(comparisons, database) {
                let value = Self.ratio(comparison, inFlight) { $0.perLoad($0.databaseCPU) }
                atLeast(
                    "database CPU, direct ÷ kindred, \(comparison.mix.name), \(inFlight) in flight", value,
                    bar)
            }
            for (comparison, bar) in zip(comparisons, all) {
                let value = Self.ratioOfAllCPU(comparison, inFlight)
                atLeast(
                    "all CPU, direct ÷ kindred, \(comparison.mix.name), \(inFlight) in flight", value, bar)
            }
        }
        let byKey = comparisons[0]
        for (inFlight, speed, own) in [(8, 4.0, 3.0), (1, 1.5, 16)] {
            let slower = Self.ratio(byKey, inFlight) { 1 / $0.perSecond }
            atLeast("loads/s, kindred ÷ direct, by key, \(inFlight) in flight", slower, speed)
            let daemon = byKey.trial(.kindred, inFlight: inFlight).flatMap { Summary(trial: $0).daemon }
            atMost("daemon's CPU per load, µs, by key, \(inFlight) in flight", daemon, own)
        }
        atMost(
            "p99, kindred ÷ direct, by key, 1 in flight", Self.ratio(byKey, 1) { $0.p99 }.map { 1 / $0 }, 0.3)
        let p50 = [Rival.kindred, .text].map { lone.trial($0).flatMap { Summary(trial: $0).p50 } }
        let hop = p50[0].flatMap { kindred in p50[1].map { kindred - $0 } }
        atMost("one client, p50, kindred − direct, µs", hop, 60)
        for loop in open {
            let value = Self.ratio(loop.comparison, nil) { $0.p99 }.map { 1 / $0 }
            atMost("open loop, \(Int(loop.rate))/s, p99, kindred ÷ direct", value, 1)
        }
        let steps = ramp.steps.dropFirst()
        atMost("ramp: seconds until batch sizes follow, slowest step", steps.map(\.followedAfter).max(), 1)
        atMost("ramp: variation of batch sizes once there, largest", steps.map(\.variation).max(), 0.25)
        atMost("KiB per idle connection, 10,000 of them", idleKilobytes, 10)
    }

    /// Of direct text queries to kindred.
    private static func ratio(_ comparison: Comparison, _ inFlight: Int?, _ value: (Round) -> Double?)
        -> Double?
    {
        guard let direct = comparison.trial(.text),
            let kindred = comparison.trial(.kindred, inFlight: inFlight)
        else { return nil }
        return Bench.ratio(direct, kindred, value, value)
    }

    private static func ratioOfAllCPU(_ comparison: Comparison, _ inFlight: Int) -> Double? {
        guard let direct = comparison.trial(.text),
            let kindred = comparison.trial(.kindred, inFlight: inFlight)
        else { return nil }
        return Bench.ratio(direct, kindred, direct.allCPU, kindred.allCPU)
    }

    private mutating func atLeast(_ name: String, _ value: Double?, _ bar: Double) {
        add(name, value, "≥ \(shown(bar))", isReached: value.map { $0 >= bar })
    }

    private mutating func atMost(_ name: String, _ value: Double?, _ bar: Double) {
        add(name, value, "≤ \(shown(bar))", isReached: value.map { $0 <= bar })
    }

    private mutating func add(_ name: String, _ value: Double?, _ bar: String, isReached: Bool?) {
        expectations.append(
            Report.Expectation(name: name, measured: value, bar: bar, isReached: isReached))
    }
}
