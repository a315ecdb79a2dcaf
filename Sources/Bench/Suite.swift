import MariaDB
package import Relations

/// `make bench`: the built-in comparison, and how it stands to what is expected of it.
package struct Suite {
    private let ring: Ring
    private let mixes: [Mix]
    private let clients: Int
    private let rounds: Int
    /// Part of `mix/contender`: the others are left out.
    private let only: String?
    private let progress: (String) -> Void

    package static let dataScript = BenchData.script

    package init(
        _ ring: Ring, catalog: Catalog, clients: Int, rounds: Int, only: String?,
        progress: @escaping (String) -> Void
    ) throws {
        self.ring = ring
        self.clients = clients
        self.rounds = rounds
        self.only = only
        self.progress = progress
        mixes = try BenchData.relations.map { name, path in
            guard let relationship = catalog.relationships.first(where: { $0.name == path }) else {
                throw BenchError("the bench's own data has no relationship \(path)")
            }
            let keys = (1...Int64(BenchData.authors)).map { Key.single(.integer($0)) }
            let workload = try Workload(
                template: "{\"load\":\"\(path)\"}", relationship, options: nil, keys: keys, .uniform)
            return Mix(name: name, [(workload, 1)])
        }
    }

    package func run() throws -> [Section] {
        var setup = Comparison.Setup()
        setup.clients = clients
        let comparisons = try mixes.map { try Comparison($0, ring, setup) }
        try run(comparisons)
        var sections = comparisons.map {
            Section("\($0.mix.name), \(clients) clients, closed loop", $0.trials)
        }
        let lone = try lone()
        let open = try open(comparisons[0])
        sections += [lone.section] + open.map(\.section)
        let idle = try IdleConnections(ring).measure(10_000)
        sections.append(Bars(comparisons, lone: lone.comparison, open: open, idleKilobytes: idle).section)
        return sections
    }

    private func run(_ comparisons: [Comparison]) throws {
        let trials = comparisons.flatMap(\.trials).filter { trial in
            only.map { "\(trial.mix)/\(trial.name)".contains($0) } ?? true
        }
        try ring.run(trials, Conductor.Plan(rounds: rounds), progress: progress)
    }

    /// One client that asks for one thing at a time, on a machine that has nothing else to do.
    private func lone() throws -> (comparison: Comparison, section: Section) {
        var setup = Comparison.Setup()
        setup.clients = 1
        setup.depths = [1]
        setup.rivals = [.kindred, .text, .prepared]
        let comparison = try Comparison(mixes[0], ring, setup)
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
            let comparison = try Comparison(mixes[0], ring, setup)
            try run([comparison])
            let title = "by key, open loop, \(Int(rate)) loads/s from \(clients) clients"
            return OpenLoop(rate: rate, comparison: comparison, section: Section(title, comparison.trials))
        }
    }
}

package struct BenchError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
