import Reactor

/// All contenders that answer one mix of workloads, side by side.
package struct Comparison {
    package struct Setup: Sendable {
        package var clients = 64
        /// Requests that each client of kindred keeps in flight; one closed-loop trial for each number.
        package var pipelineDepths = [8, 1]
        package var keysPerRequest = 1
        /// Loads (keys) per second of all clients together, in an open loop; nil: a closed loop.
        package var rate: Double?
        package var contenders = ContenderKind.allCases
        /// Keys in each query of the contender `page`.
        package var keysPerPage = 20
        /// Keys in each query of the contender `ideal`, and the connections that it uses.
        package var idealKeys = 128
        package var idealConnections = 2

        package init() {}
    }

    let mix: WorkloadMix
    let setup: Setup
    private(set) var trials: [Trial] = []

    init(_ mix: WorkloadMix, _ testbed: Testbed, _ setup: Setup) throws {
        self.mix = mix
        self.setup = setup
        if mix.hasIncludes, setup.contenders.contains(where: { $0 != .kindred }) {
            throw BenchError("only kindred answers a load with 'include': say --against kindred")
        }
        for kind in setup.contenders { try add(kind, testbed) }
    }

    func trial(_ kind: ContenderKind, inFlight: Int? = nil) -> Trial? {
        trials.first { $0.kind == kind && (inFlight == nil || $0.pace == .closed(inFlight: inFlight ?? 1)) }
    }

    private mutating func add(_ kind: ContenderKind, _ testbed: Testbed) throws {
        let clients = setup.clients
        switch kind {
        case .kindred:
            let paces =
                setup.rate.map { [Pace.open(perSecond: $0 / Double(setup.keysPerRequest))] }
                ?? setup.pipelineDepths.map { .closed(inFlight: $0) }
            for pace in paces {
                let contender = try KindredContender(
                    mix, address: testbed.daemonAddress, clients: clients,
                    keysPerRequest: setup.keysPerRequest,
                    loop: testbed.loop)
                add(kind, "kindred" + Self.suffix(pace), clients, pace, contender)
            }
        case .text:
            let runners = try testbed.connections(clients).map { TextRunner(mix, $0) }
            add(kind, "direct, text", clients, runners, keys: 1)
        case .prepared:
            guard mix.parts.count == 1, mix.parts[0].hasIntegerKeys else { return }
            add(kind, "direct, prepared", clients, try testbed.prepared(mix.parts[0], clients), keys: 1)
        case .page:
            let runners = try testbed.connections(clients).map { TextRunner(mix, $0) }
            add(kind, "direct, IN of \(setup.keysPerPage)", clients, runners, keys: setup.keysPerPage)
        case .ideal:
            let runners = try testbed.tunedConnections(setup.idealConnections).map {
                TextRunner(mix, $0, encodingRowsOf: setup.idealKeys)
            }
            // A closed loop even where the others have an open one: it shows what is possible.
            let contender = DatabaseContender(mix, runners, keysPerQuery: setup.idealKeys)
            let name = "ideal, \(setup.idealConnections) × IN of \(setup.idealKeys)"
            add(kind, name, setup.idealConnections, .closed(inFlight: 1), contender)
        }
    }

    private mutating func add(
        _ kind: ContenderKind, _ name: String, _ clients: Int, _ runners: [any BenchQueryRunner], keys: Int
    ) {
        let pace = setup.rate.map { Pace.open(perSecond: $0 / Double(keys)) } ?? .closed(inFlight: 1)
        add(kind, name, clients, pace, DatabaseContender(mix, runners, keysPerQuery: keys))
    }

    private mutating func add(
        _ kind: ContenderKind, _ name: String, _ clients: Int, _ pace: Pace, _ contender: any Contender
    ) {
        trials.append(Trial(kind, name, mix: mix.name, pace: pace, clients: clients, contender))
    }

    private static func suffix(_ pace: Pace) -> String {
        if case .closed(let inFlight) = pace { ", \(inFlight) in flight" } else { "" }
    }
}
