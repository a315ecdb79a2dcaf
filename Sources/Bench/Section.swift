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
        let tables = [trialTable, rampTable, expectationTable].compactMap { $0?.text }
        let errors = record.trials.compactMap(\.firstError)
        return ([record.title] + tables + errors.prefix(1).map { "first error: \($0)" })
            .joined(separator: "\n")
    }

    private var trialTable: Table? {
        guard !record.trials.isEmpty else { return nil }
        var table = Table(Report.TrialRecord.head)
        for trial in record.trials { table.add(trial.row) }
        return table
    }

    private var rampTable: Table? {
        guard let ramp = record.ramp else { return nil }
        var table = Table(["clients", "keys/query", "there after s", "variation"])
        for step in ramp.steps {
            table.add([
                "\(step.clients)", shown(step.settledKeysPerQuery), shown(step.followedAfter),
                shown(step.variation),
            ])
        }
        return table
    }

    private var expectationTable: Table? {
        guard !record.expectations.isEmpty else { return nil }
        var table = Table(["", "measured", "bar", ""])
        for line in record.expectations {
            table.add([line.name, shown(line.measured), line.bar, line.verdict])
        }
        return table
    }
}

extension Report.Expectation {
    var verdict: String { isReached.map { $0 ? "yes" : "no" } ?? "not measured" }
}

extension Report.TrialRecord {
    static let head = [
        "", "loads/s", "p50 µs", "p99 µs", "client", "daemon", "database", "all CPU", "keys/query", "errors",
    ]

    var row: [String] {
        let cost = cpuMicrosecondsPerLoad
        let figures = [
            loadsPerSecond, p50Microseconds, p99Microseconds, cost.clients, cost.daemon, cost.database,
            cost.all, keysPerQuery,
        ]
        return [name] + figures.map(shown) + ["\(errors)"]
    }
}
