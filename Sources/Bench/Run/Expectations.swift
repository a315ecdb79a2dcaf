/// What is expected of the built-in benchmark, beside what was measured. The required values are about what a
/// minimal coalescing daemon in C reaches on two cores.
struct Expectations {
    private var list: [Report.Expectation] = []

    var section: Section { Section("what is expected", list) }

    init(
        _ comparisons: [Comparison], single: Comparison, openLoops: [BuiltInBenchmark.OpenLoop],
        ramp: Report.RampRecord, idleKilobytes: Double?
    ) {
        addCPU(comparisons)
        addSpeed(byKey: comparisons[0], single: single)
        for loop in openLoops {
            let value = Self.ratio(loop.comparison, nil) { $0.p99 }.map { 1 / $0 }
            requireAtMost("open loop, \(Int(loop.rate))/s, p99, kindred ÷ direct", value, 1)
        }
        let steps = ramp.steps.dropFirst()
        requireAtMost(
            "ramp: seconds until batch sizes follow, slowest step", steps.map(\.followedAfter).max(), 1)
        requireAtMost(
            "ramp: variation of batch sizes once there, largest", steps.map(\.variation).max(), 0.25)
        requireAtMost("KiB per idle connection, 10,000 of them", idleKilobytes, 10)
    }

    /// How much less CPU loads cost with kindred than without it.
    private mutating func addCPU(_ comparisons: [Comparison]) {
        let required: [(inFlight: Int, database: [Double], all: [Double])] = [
            (8, [9, 6, 2.3], [6, 4.5, 2.3]), (1, [4.5, 4, 2], []),
        ]
        for (inFlight, database, all) in required {
            for (comparison, minimum) in zip(comparisons, database) {
                let value = Self.ratio(comparison, inFlight) { $0.perLoad($0.databaseCPU) }
                requireAtLeast(
                    "database CPU, direct ÷ kindred, \(comparison.mix.name), \(inFlight) in flight", value,
                    minimum)
            }
            for (comparison, minimum) in zip(comparisons, all) {
                let value = Self.ratioOfAllCPU(comparison, inFlight)
                requireAtLeast(
                    "all CPU, direct ÷ kindred, \(comparison.mix.name), \(inFlight) in flight", value,
                    minimum)
            }
        }
    }

    private mutating func addSpeed(byKey: Comparison, single: Comparison) {
        for (inFlight, minSpeed, maxOwnCPU) in [(8, 4.0, 3.0), (1, 1.5, 16)] {
            let speed = Self.ratio(byKey, inFlight) { 1 / $0.perSecond }
            requireAtLeast("loads/s, kindred ÷ direct, by key, \(inFlight) in flight", speed, minSpeed)
            let own = byKey.trial(.kindred, inFlight: inFlight).flatMap { Summary(trial: $0).daemon }
            requireAtMost("daemon's CPU per load, µs, by key, \(inFlight) in flight", own, maxOwnCPU)
        }
        requireAtMost(
            "p99, kindred ÷ direct, by key, 1 in flight", Self.ratio(byKey, 1) { $0.p99 }.map { 1 / $0 }, 0.3)
        let kindred = single.trial(.kindred).flatMap { Summary(trial: $0).p50 }
        let direct = single.trial(.text).flatMap { Summary(trial: $0).p50 }
        let difference = kindred.flatMap { kindred in direct.map { kindred - $0 } }
        requireAtMost("one client, p50, kindred − direct, µs", difference, 60)
    }

    /// The ratio of a value with direct text queries to the same value with kindred.
    private static func ratio(
        _ comparison: Comparison, _ inFlight: Int?, _ value: (Round) -> Double?
    ) -> Double? {
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

    private mutating func requireAtLeast(_ name: String, _ value: Double?, _ minimum: Double) {
        add(name, value, "≥ \(Self.plain(minimum))", isReached: value.map { $0 >= minimum })
    }

    private mutating func requireAtMost(_ name: String, _ value: Double?, _ maximum: Double) {
        add(name, value, "≤ \(Self.plain(maximum))", isReached: value.map { $0 <= maximum })
    }

    /// `9`, `2.3`
    private static func plain(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : "\(value)"
    }

    private mutating func add(_ name: String, _ value: Double?, _ bar: String, isReached: Bool?) {
        list.append(Report.Expectation(name: name, measured: value, bar: bar, isReached: isReached))
    }
}
