/// A trial in figures: medians of its rounds.
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

    /// CPU of clients, daemon and database together, in microseconds per load.
    var allCPU: Double? { median(trial.allCPU) }

    /// Of whom the CPU time is not known, though there is some.
    var unknownCPU: [Report.ServerProcess] {
        (trial.isKindred && daemon == nil ? [.daemon] : []) + (database == nil ? [.database] : [])
    }
}

/// The median of the ratios of two trials, round by round: what disturbs a round disturbs both.
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
