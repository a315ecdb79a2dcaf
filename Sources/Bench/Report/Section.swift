/// A part of what is reported: trials side by side, a ramp, or expectations and whether they are met.
package struct Section {
    let record: Report.SectionRecord

    init(_ title: String, _ trials: [Trial]) {
        self.init(title, trials.filter { !$0.rounds.isEmpty }.map(Report.TrialRecord.init))
    }

    init(_ title: String, _ trials: [Report.TrialRecord]) {
        record = Report.SectionRecord(title: title, trials: trials, ramp: nil, expectations: [])
    }

    init(_ title: String, _ ramp: Report.RampRecord) {
        record = Report.SectionRecord(title: title, trials: [], ramp: ramp, expectations: [])
    }

    init(_ title: String, _ expectations: [Report.Expectation]) {
        record = Report.SectionRecord(title: title, trials: [], ramp: nil, expectations: expectations)
    }

    /// For a terminal.
    package var text: String {
        let errors = record.trials.compactMap(\.firstError).prefix(1).map { "first error: \($0)" }
        let sentences = Findings(record.trials).sentences + record.unknownTimes
        return ([record.title] + record.tables.map(\.text) + sentences + errors).joined(separator: "\n")
    }
}

extension Report.SectionRecord {
    /// A table for each kind of result that the section has.
    var tables: [Table] {
        [
            Report.TrialRecord.table(trials),
            Table(
                ["clients", "keys/query", "there after s", "variation"],
                (ramp?.steps ?? []).map {
                    [
                        "\($0.clients)", shown($0.settledKeysPerQuery), shown($0.followedAfter),
                        shown($0.variation),
                    ]
                }),
            Table(
                ["", "measured", "required", "reached"],
                expectations.map {
                    [
                        $0.name, shown($0.measured), $0.bar,
                        $0.isReached.map { $0 ? "yes" : "no" } ?? "not measured",
                    ]
                }),
        ].filter { !$0.rows.isEmpty }
    }

    /// Which CPU times the tables show as `–`, and why.
    var unknownTimes: [String] {
        let unknown = trials.flatMap(\.cpuMicrosecondsPerLoad.unknown)
        let reasons: [(Report.ServerProcess, String)] = [
            (.daemon, "it does not tell it, because it is older than this bench"),
            (.database, "it is no MariaDB or MySQL server that made a Unix socket on this machine itself"),
        ]
        return reasons.filter { unknown.contains($0.0) }.map { process, reason in
            "the \(process.rawValue)'s CPU time is not known (\(reason)); so 'all CPU' is left out"
        }
    }
}

extension Report.TrialRecord {
    /// Latencies in milliseconds, CPU times in microseconds per load. The four columns of CPU times have the
    /// same number of decimals, so that they add up.
    static func table(_ trials: [Self]) -> Table {
        let costs = trials.map(\.cpuMicrosecondsPerLoad)
        let cpu = costDecimals(trials)
        func column(_ name: String, _ values: [Double?], decimals: Int? = nil) -> (String, [String]) {
            (name, values.map { shown($0, decimals: decimals ?? Bench.decimals(for: values)) })
        }
        let columns = [
            ("", trials.map(\.name)),
            column("loads/s", trials.map(\.loadsPerSecond), decimals: 0),
            column("p50 ms", trials.map { $0.p50Microseconds.map { $0 / 1000 } }),
            column("p99 ms", trials.map { $0.p99Microseconds.map { $0 / 1000 } }),
            column("client µs", costs.map(\.clients), decimals: cpu),
            column("daemon µs", costs.map(\.daemon), decimals: cpu),
            column("database µs", costs.map(\.database), decimals: cpu),
            column("all CPU µs", costs.map(\.all), decimals: cpu),
            column("keys/query", trials.map(\.keysPerQuery)),
            column("errors", trials.map { Double($0.errors) }, decimals: 0),
        ]
        return Table(columns.map(\.0), trials.indices.map { row in columns.map { $0.1[row] } })
    }

    /// How many decimals the CPU times of these trials have wherever they are shown.
    static func costDecimals(_ trials: [Self]) -> Int {
        decimals(
            for: trials.map(\.cpuMicrosecondsPerLoad).flatMap { [$0.clients, $0.daemon, $0.database] })
    }
}
