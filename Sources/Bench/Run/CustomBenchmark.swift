import Relations

/// `kindred bench --config`: compares on data of the user's own, with their daemon.
package struct CustomBenchmark {
    private let testbed: Testbed
    private let comparison: Comparison
    private let timing: TrialTiming
    private let hasRamp: Bool

    /// - Parameter hasRamp: Whether a ramp from one client to 256 and back follows.
    package init(
        _ testbed: Testbed, _ templates: [LoadTemplate], _ keys: KeySource, _ distribution: KeyDistribution,
        _ setup: Comparison.Setup, _ timing: TrialTiming, hasRamp: Bool
    ) throws {
        self.testbed = testbed
        self.timing = timing
        self.hasRamp = hasRamp
        let client = try testbed.blockingClient()
        let parts = try templates.map { template in
            let keys = try keys.keys(of: template, client)
            return (workload: try Workload(template, keys: keys, distribution), weight: template.weight)
        }
        let name = templates.count == 1 ? templates[0].relationship.name : "a mix of \(templates.count) loads"
        comparison = try Comparison(WorkloadMix(name: name, parts), testbed, setup)
    }

    package func run(progress: @escaping (String) -> Void, report: (Section) throws -> Void) throws {
        let trials = comparison.trials
        guard !trials.isEmpty else {
            throw BenchError("there is nothing to measure: 'prepared' wants one load with integer keys")
        }
        try testbed.run(trials, timing, progress: progress)
        let loop = comparison.setup.rate.map { "open loop, \(Int($0)) loads/s" } ?? "closed loop"
        try report(Section("\(comparison.mix.name), \(comparison.setup.clients) clients, \(loop)", trials))
        if hasRamp {
            let ramp = try Ramp(comparison.mix, testbed, progress: progress).run()
            try report(Section("from 1 client to 256 and back", ramp))
        }
    }
}
