/// A part of what is reported: trials side by side, a ramp, or how it stands to what is expected.
package struct Section {
    let record: Report.SectionRecord

    init(_ title: String, _ trials: [Trial]) {
        record = Report.SectionRecord(
            title: title, trials: trials.filter { !$0.rounds.isEmpty }.map(Report.TrialRecord.init),
            ramp: nil, expectations: [])
    }

    init(_ title: String, _ ramp: Report.RampRecord) {
        record = Report.SectionRecord(title: title, trials: [], ramp: ramp, expectations: [])
    }

    init(_ title: String, _ expectations: [Report.Expectation]) {
        record = Report.SectionRecord(title: title, trials: [], ramp: nil, expectations: expectations)
    }

    /// For a terminal.
    package var text: String {
        let errors = record.trials.compactMap(\.firstError)
        return
            ([record.title] + record.tables.map(\.text) + record.gaps
            + errors.prefix(1).map { "first error: \($0)" })
            .joined(separator: "\n")
    }
}

extension Report.SectionRecord {
    /// One for each of what it has.
    var tables: [Table] {
        [
            Table(Report.TrialRecord.head, trials.map(\.row)),
            Table(Report.RampStep.head, ramp?.steps.map(\.row) ?? []),
            Table(Report.Expectation.head, expectations.map(\.row)),
        ].filter { !$0.rows.isEmpty }
    }

    /// What stands in the tables as –, and why.
    var gaps: [String] {
        let unknown = trials.flatMap(\.cpuMicrosecondsPerLoad.unknown)
        let reasons: [(Report.ServerProcess, String)] = [
            (.daemon, "it does not tell it, because it is older than this bench"),
            (.database, "it is not a MariaDB server that has made a Unix socket on this machine itself"),
        ]
        return reasons.filter { unknown.contains($0.0) }.map { process, reason in
            "the \(process.rawValue)'s CPU time is not known (\(reason)); so 'all CPU' is left out"
        }
    }
}

extension Report.RampStep {
    fileprivate static let head = ["clients", "keys/query", "there after s", "variation"]

    fileprivate var row: [String] {
        ["\(clients)", shown(settledKeysPerQuery), shown(followedAfter), shown(variation)]
    }
}

extension Report.Expectation {
    fileprivate static let head = ["", "measured", "bar", ""]

    fileprivate var row: [String] {
        [name, shown(measured), bar, isReached.map { $0 ? "yes" : "no" } ?? "not measured"]
    }
}

extension Report.TrialRecord {
    fileprivate static let head = [
        "", "loads/s", "p50 µs", "p99 µs", "client", "daemon", "database", "all CPU", "keys/query", "errors",
    ]

    fileprivate var row: [String] {
        let cost = cpuMicrosecondsPerLoad
        let figures = [
            loadsPerSecond, p50Microseconds, p99Microseconds, cost.clients, cost.daemon, cost.database,
            cost.all, keysPerQuery,
        ]
        return [name] + figures.map(shown) + ["\(errors)"]
    }
}
