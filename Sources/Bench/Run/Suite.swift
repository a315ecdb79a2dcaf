package import Relations

/// `make bench`: the built-in comparison, and how it stands to what is expected of it.
package struct Suite {
    private let testbed: Testbed
    private let mixes: [Mix]
    private let clients: Int
    private let plan: Plan
    private let progress: (String) -> Void

    package static let dataScript = BenchData.script

    package init(
        _ testbed: Testbed, catalog: Catalog, clients: Int, _ plan: Plan, progress: @escaping (String) -> Void
    ) throws {
        self.testbed = testbed
        self.clients = clients
        self.plan = plan
        self.progress = progress
        let keys = (1...Int64(BenchData.authors)).map { Key.single(.integer($0)) }
        mixes = try BenchData.relations.map { name, path in
            let workload = try Workload(LoadTemplate(path, in: catalog), keys: keys, .uniform)
            return Mix(name: name, [(workload, 1)])
        }
    }

    package func run(report: (Section) throws -> Void) throws {
        var setup = Comparison.Setup()
        setup.clients = clients
        let comparisons = try mixes.map { try Comparison($0, testbed, setup) }
        // All in one run, so that the three relations can be compared with one another as well.
        try run(comparisons)
        for comparison in comparisons {
            let title = "\(comparison.mix.name), \(clients) clients, closed loop"
            try report(Section(title, comparison.trials))
        }
        let lone = try lone()
        try report(lone.section)
        let open = try open(comparisons[0])
        for loop in open { try report(loop.section) }
        let ramp = try Ramp(mixes[0], testbed, progress: progress).run()
        try report(Section("by key, from 1 client to 256 and back", ramp))
        let idle = try IdleConnections(testbed).measure(10_000)
        let bars = Bars(comparisons, lone: lone.comparison, open: open, ramp: ramp, idleKilobytes: idle)
        try report(bars.section)
    }

    private func run(_ comparisons: [Comparison]) throws {
        try testbed.run(comparisons.flatMap(\.trials), plan, progress: progress)
    }

    /// One client that asks for one thing at a time, on a machine that has nothing else to do.
    private func lone() throws -> (comparison: Comparison, section: Section) {
        var setup = Comparison.Setup()
        setup.clients = 1
        setup.depths = [1]
        setup.rivals = [.kindred, .text, .prepared]
        let comparison = try Comparison(mixes[0], testbed, setup)
        try run([comparison])
        return (comparison, Section("by key, one client, one load at a time", comparison.trials))
    }

    struct OpenLoop {
        let rate: Double
        let comparison: Comparison
        let section: Section
    }

    /// At half of kindred's capacity, and at half of what direct queries can do, so that both can be compared.
    private func open(_ closed: Comparison) throws -> [OpenLoop] {
        let rates = [closed.trial(.kindred, inFlight: 8), closed.trial(.text)].compactMap { trial in
            trial.flatMap { Summary(trial: $0).perSecond }.map { $0 / 2 }
        }
        return try rates.map { rate in
            var setup = Comparison.Setup()
            setup.clients = clients
            setup.rate = rate
            setup.rivals = [.kindred, .text]
            let comparison = try Comparison(mixes[0], testbed, setup)
            try run([comparison])
            let title = "by key, open loop, \(Int(rate)) loads/s from \(clients) clients"
            return OpenLoop(rate: rate, comparison: comparison, section: Section(title, comparison.trials))
        }
    }
}
