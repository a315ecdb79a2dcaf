import Reactor

/// A way to have loads answered that a comparison can have.
package enum Rival: String, Sendable, CaseIterable {
    /// The daemon.
    case kindred
    /// One text query for each key, each client over a connection of its own: the N+1 that most drivers send.
    case text
    /// The same with prepared statements.
    case prepared
    /// One query for the keys of a page, as an in-process loader sends them.
    case page
    /// Queries of the best size on the best number of connections, rows encoded and thrown away: what no proxy can beat.
    case ideal
}

/// The ways to have one mix answered, side by side.
package struct Comparison {
    package struct Setup: Sendable {
        package var clients = 64
        /// Requests that each of kindred's clients has on its way, for each closed-loop trial.
        package var depths = [8, 1]
        package var keysPerRequest = 1
        /// Loads (keys) per second in all instead of a closed loop.
        package var rate: Double?
        package var rivals = Rival.allCases
        package var keysPerPage = 20
        package var idealKeys = 128
        package var idealConnections = 2

        package init() {}
    }

    let mix: Mix
    let setup: Setup
    private(set) var trials: [Trial] = []

    init(_ mix: Mix, _ testbed: Testbed, _ setup: Setup) throws {
        self.mix = mix
        self.setup = setup
        if mix.parts.contains(where: \.hasIncludes), setup.rivals.contains(where: { $0 != .kindred }) {
            throw BenchError("only kindred answers a load with 'include': say --against kindred")
        }
        for rival in setup.rivals { try add(rival, testbed) }
    }

    func trial(_ rival: Rival, inFlight: Int? = nil) -> Trial? {
        trials.first { $0.rival == rival && (inFlight == nil || $0.pace == .closed(inFlight: inFlight ?? 1)) }
    }

    private mutating func add(_ rival: Rival, _ testbed: Testbed) throws {
        let clients = setup.clients
        switch rival {
        case .kindred:
            let paces =
                setup.rate.map { [Pace.open(perSecond: $0 / Double(setup.keysPerRequest))] }
                ?? setup.depths.map { .closed(inFlight: $0) }
            for pace in paces {
                let contender = try KindredContender(
                    mix, address: testbed.daemonAddress, clients: clients,
                    keysPerRequest: setup.keysPerRequest,
                    loop: testbed.loop)
                add(rival, "kindred" + Self.suffix(pace), clients, pace, contender)
            }
        case .text:
            let runners = try testbed.connections(clients).map { TextRunner(mix, $0) }
            add(rival, "direct, text", clients, runners, keys: 1)
        case .prepared:
            guard mix.parts.count == 1, mix.parts[0].hasIntegerKeys else { return }
            add(rival, "direct, prepared", clients, try testbed.prepared(mix.parts[0], clients), keys: 1)
        case .page:
            let runners = try testbed.connections(clients).map { TextRunner(mix, $0) }
            add(rival, "direct, IN of \(setup.keysPerPage)", clients, runners, keys: setup.keysPerPage)
        case .ideal:
            let runners = try testbed.tunedConnections(setup.idealConnections).map {
                TextRunner(mix, $0, encodingRowsOf: setup.idealKeys)
            }
            // It shows what is possible, whatever the others are asked.
            let contender = DatabaseContender(mix, runners, keysPerQuery: setup.idealKeys)
            let name = "ideal, \(setup.idealConnections) × IN of \(setup.idealKeys)"
            add(rival, name, setup.idealConnections, .closed(inFlight: 1), contender)
        }
    }

    private mutating func add(
        _ rival: Rival, _ name: String, _ clients: Int, _ runners: [any QueryRunner], keys: Int
    ) {
        let pace = setup.rate.map { Pace.open(perSecond: $0 / Double(keys)) } ?? .closed(inFlight: 1)
        add(rival, name, clients, pace, DatabaseContender(mix, runners, keysPerQuery: keys))
    }

    private mutating func add(
        _ rival: Rival, _ name: String, _ clients: Int, _ pace: Pace, _ contender: any Contender
    ) {
        trials.append(Trial(rival, name, mix: mix.name, pace: pace, clients: clients, contender))
    }

    private static func suffix(_ pace: Pace) -> String {
        if case .closed(let inFlight) = pace { ", \(inFlight) in flight" } else { "" }
    }
}
