package import Relations

/// `make bench`: compares on built-in data, and checks the results against what is expected of them.
package struct BuiltInBenchmark {
    private let testbed: Testbed
    private let mixes: [WorkloadMix]
    private let mixesWithOptions: [WorkloadMix]
    private let clients: Int
    private let timing: TrialTiming
    private let progress: (String) -> Void

    package static let dataScript = BenchData.script

    package init(
        _ testbed: Testbed, catalog: Catalog, clients: Int, _ timing: TrialTiming,
        progress: @escaping (String) -> Void
    ) throws {
        self.testbed = testbed
        self.clients = clients
        self.timing = timing
        self.progress = progress
        let keys = (1...Int64(BenchData.authors)).map { Key.single(.integer($0)) }
        func mix(_ name: String, _ load: String) throws -> WorkloadMix {
            let workload = try Workload(LoadTemplate(load, in: catalog), keys: keys, .uniform)
            return WorkloadMix(name: name, [(workload, 1)])
        }
        mixes = try BenchData.plainWorkloads.map(mix)
        mixesWithOptions = try BenchData.workloadsWithOptions.map(mix)
    }

    package func run(report: (Section) throws -> Void) throws {
        var setup = Comparison.Setup()
        setup.clients = clients
        let comparisons = try mixes.map { try Comparison($0, testbed, setup) }
        let withOptions = try mixesWithOptions.map { mix in
            setup.contenders = mix.hasIncludes ? [.kindred] : [.kindred, .text]
            return try Comparison(mix, testbed, setup)
        }
        // All in one run, so that the mixes can be compared with one another as well.
        try run(comparisons + withOptions)
        for comparison in comparisons + withOptions {
            let title = "\(comparison.mix.name), \(clients) clients, closed loop"
            try report(Section(title, comparison.trials))
        }
        let single = try measureSingleClient()
        try report(single.section)
        let openLoops = try measureOpenLoops(comparisons[0])
        for loop in openLoops { try report(loop.section) }
        let ramp = try Ramp(mixes[0], testbed, progress: progress).run()
        try report(Section("by key, from 1 client to 256 and back", ramp))
        let idle = try IdleConnectionCost(testbed).measure(10_000)
        let bars = Expectations(
            comparisons, single: single.comparison, openLoops: openLoops, ramp: ramp, idleKilobytes: idle)
        try report(bars.section)
    }

    private func run(_ comparisons: [Comparison]) throws {
        try testbed.run(comparisons.flatMap(\.trials), timing, progress: progress)
    }

    /// One client with one request in flight, on a machine that has nothing else to do.
    private func measureSingleClient() throws -> (comparison: Comparison, section: Section) {
        var setup = Comparison.Setup()
        setup.clients = 1
        setup.pipelineDepths = [1]
        setup.contenders = [.kindred, .text, .prepared]
        let comparison = try Comparison(mixes[0], testbed, setup)
        try run([comparison])
        return (comparison, Section("by key, one client, one load at a time", comparison.trials))
    }

    struct OpenLoop {
        let rate: Double
        let comparison: Comparison
        let section: Section
    }

    /// An open loop at half of kindred's capacity, and one at half of the capacity of direct queries, so that
    /// both can be compared.
    private func measureOpenLoops(_ closed: Comparison) throws -> [OpenLoop] {
        let rates = [closed.trial(.kindred, inFlight: 8), closed.trial(.text)].compactMap { trial in
            trial.flatMap { Summary(trial: $0).perSecond }.map { $0 / 2 }
        }
        // A contender that has answered nothing, in slots that were too short, has no rate.
        return try rates.filter { $0 > 0 }.map { rate in
            var setup = Comparison.Setup()
            setup.clients = clients
            setup.rate = rate
            setup.contenders = [.kindred, .text]
            let comparison = try Comparison(mixes[0], testbed, setup)
            try run([comparison])
            let title = "by key, open loop, \(Int(rate)) loads/s from \(clients) clients"
            return OpenLoop(rate: rate, comparison: comparison, section: Section(title, comparison.trials))
        }
    }
}
