/// The figures of a trial: medians of its rounds.
struct Summary {
    let trial: Trial

    private func median(_ value: (Round) -> Double?) -> Double? {
        Bench.median(trial.rounds.compactMap(value))
    }

    var perSecond: Double? { median(\.perSecond) }
    var p50: Double? { median(\.p50) }
    var p99: Double? { median(\.p99) }
    var client: Double? { median { $0.perLoad($0.clientCPU) } }
    var daemon: Double? { trial.isKindred ? median { $0.perLoad($0.daemonCPU) } : nil }
    var database: Double? { median { $0.perLoad($0.databaseCPU) } }
    var keysPerQuery: Double? { trial.isKindred ? median(\.keysPerQuery) : nil }
    var errors: Int { trial.rounds.reduce(0) { $0 + $1.errors } }
    var firstError: String? { trial.rounds.lazy.compactMap(\.firstError).first }

    /// The processes that have a part in the loads, and whose CPU time is not known.
    var unknownCPU: [Report.ServerProcess] {
        (trial.isKindred && daemon == nil ? [.daemon] : []) + (database == nil ? [.database] : [])
    }
}

/// The median over all rounds of the ratio of two trials: what disturbs a round disturbs both trials.
func ratio(
    _ first: Trial, _ second: Trial, _ firstValue: (Round) -> Double?, _ secondValue: (Round) -> Double?
) -> Double? {
    median(
        zip(first.rounds, second.rounds).compactMap { first, second in
            guard let first = firstValue(first), let second = secondValue(second), second > 0 else {
                return nil
            }
            return first / second
        })
}
