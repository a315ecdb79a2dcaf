/// What the figures of trials side by side show, in sentences.
struct Findings {
    private let trials: [Report.TrialRecord]
    private var kindred: [Report.TrialRecord] { trials.filter { $0.kind == .kindred } }

    init(_ trials: [Report.TrialRecord]) {
        self.trials = trials
    }

    var sentences: [String] { ratios + leaders + queueing }

    /// kindred, 8 in flight, beside direct, text: loads/s × 5.4, p50 ÷ 1.2, database CPU ÷ 10, all CPU ÷ 7.3
    private var ratios: [String] {
        let others = [ContenderKind.text, .page].compactMap { kind in trials.first { $0.kind == kind } }
        return kindred.flatMap { kindred in others.map { Self.ratio(kindred, $0) } }
    }

    private static func ratio(_ kindred: Report.TrialRecord, _ other: Report.TrialRecord) -> String {
        let measures: [(String, (Report.TrialRecord) -> Double?)] = [
            // In an open loop both answer what they are asked.
            ("loads/s", { $0.requestsPerSecond == nil ? $0.loadsPerSecond : nil }),
            ("p50", \.p50Microseconds), ("p99", \.p99Microseconds),
            ("database CPU", \.cpuMicrosecondsPerLoad.database), ("all CPU", \.cpuMicrosecondsPerLoad.all),
        ]
        let factors = measures.compactMap { name, value -> String? in
            guard let first = value(kindred), let second = value(other), first > 0, second > 0 else {
                return nil
            }
            return first >= second
                ? "\(name) × \(twoDigits(first / second))" : "\(name) ÷ \(twoDigits(second / first))"
        }
        return "\(kindred.name), beside \(other.name): \(factors.joined(separator: ", "))"
    }

    /// A ratio of at least 1.
    private static func twoDigits(_ ratio: Double) -> String { shown(ratio, decimals: ratio < 9.95 ? 1 : 0) }

    /// Who is best in what, without the ideal, which no application can have.
    private var leaders: [String] {
        let contenders = trials.filter { $0.kind != .ideal && $0.errors == 0 }
        guard contenders.count > 1 else { return [] }
        func best(_ what: String, _ unit: String, _ value: (Report.TrialRecord) -> Double?) -> String? {
            let known = contenders.compactMap { trial in value(trial).map { (trial.name, $0) } }
            guard known.count == contenders.count, let best = known.min(by: { $0.1 < $1.1 }) else {
                return nil
            }
            return "\(what): \(best.0) (\(shown(abs(best.1))) \(unit))"
        }
        let parts = [
            best("Most loads per second", "loads/s") {
                $0.requestsPerSecond == nil ? $0.loadsPerSecond.map { -$0 } : nil
            },
            best("shortest p50", "ms") { $0.p50Microseconds.map { $0 / 1000 } },
            best("least CPU in all", "µs per load", \.cpuMicrosecondsPerLoad.all),
        ].compactMap { $0 }
        return parts.isEmpty ? [] : [parts.joined(separator: "; ")]
    }

    /// Why latencies with several requests in flight are longer. In a closed loop, the requests that wait are the
    /// throughput times the mean latency (Little's law).
    private var queueing: [String] {
        guard let direct = trials.first(where: { $0.kind == .text && $0.inFlight != nil }) else { return [] }
        let fair = kindred.first { $0.inFlight == 1 }
        return kindred.compactMap { trial in
            guard let inFlight = trial.inFlight, inFlight > 1 else { return nil }
            let isFaster = trial.loadsPerSecond ?? 0 > direct.loadsPerSecond ?? 0
            let requests = shown(Double(trial.clients * inFlight), decimals: 0)
            return
                "\(trial.name), has \(trial.clients) × \(inFlight) = \(requests) requests waiting at any time, "
                + "\(direct.name) \(direct.clients): so each waits longer\(isFaster ? ", though more are answered" : "")"
                + (fair.map { "; compare latencies with \($0.name)" } ?? "")
        }
    }
}
