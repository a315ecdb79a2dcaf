import MariaDB

/// Which of several servers is used, by what is known of them: the first in the order of preference that is well. Pure.
///
/// One that has failed must be found well twice in a row before it is preferred again, and twice as often each time
/// that it fails within a minute of that: who falls down and stands up again all the time is not run after.
struct ServerChoice {
    enum Health: Hashable {
        /// Not looked at yet.
        case unknown
        case well
        /// It answers, and is behind its primary by more than it may be, as the text says.
        case lagging(String)
        case unwell(DatabaseError)
    }

    /// What a look at a server has shown.
    enum Finding: Hashable, Sendable {
        case well
        case lagging(String)
        case unwell(DatabaseError)
    }

    private struct Server {
        var health = Health.unknown
        /// Findings in a row of one kind, good or bad.
        var good = 0
        var bad = 0
        /// Good findings that it takes to be preferred again.
        var probation = leastProbation
        var chosen: Int64 = 0

        var isUsable: Bool { health == .well || health == .unknown }
        var isLagging: Bool { if case .lagging = health { true } else { false } }
    }

    /// A single bad finding may be the network's hiccup, and a single good one a server that is just about to fall.
    private static let leastProbation = 2
    private static let mostProbation = 64
    private static let tolerance = 2
    /// Nanoseconds after which a server that was chosen has proved itself.
    private static let proof: Int64 = 60_000_000_000

    private var servers: [Server]
    private(set) var active = 0

    /// - Precondition: `count > 0`
    init(count: Int) {
        servers = Array(repeating: Server(), count: count)
    }

    func health(of server: Int) -> Health { servers[server].health }

    var isActiveWell: Bool { servers[active].isUsable }

    // MARK: What happens

    /// A connection to it has come about.
    mutating func connected(to server: Int) {
        if case .lagging = servers[server].health { return }
        servers[server].health = .well
    }

    /// The active server has no connection, and an attempt to have one has failed.
    mutating func failed(_ error: DatabaseError, at now: Int64) {
        fall(active, to: .unwell(error), at: now)
        choose(at: now)
    }

    /// - Parameters:
    ///   - isConnected: whether the server has connections that serve.
    ///   - hasAnswered: whether it has answered a query since the look began.
    mutating func found(
        _ finding: Finding, of server: Int, isConnected: Bool, hasAnswered: Bool = false, at now: Int64
    ) {
        switch finding {
        case .well: foundWell(server)
        case .lagging(let text): foundBad(server, .lagging(text), isConnected: isConnected, at: now)
        case .unwell(let error):
            // Who serves and has no room for one more, or a name that is not found just now: it is not dead.
            let isSilence = error.kind != .refused && error.errno != DatabaseError.unknownHost
            // A look that failed late tells of what is over.
            guard !hasAnswered, !isConnected || isSilence else { break }
            foundBad(server, .unwell(error), isConnected: isConnected, at: now)
        }
        choose(at: now)
    }

    private mutating func foundWell(_ server: Int) {
        servers[server].bad = 0
        servers[server].good += 1
        switch servers[server].health {
        case .unknown: servers[server].health = .well
        case .well: break
        case .lagging, .unwell:
            let needed = isActiveWell ? servers[server].probation : 1
            if servers[server].good >= needed { servers[server].health = .well }
        }
    }

    private mutating func foundBad(_ server: Int, _ health: Health, isConnected: Bool, at now: Int64) {
        servers[server].good = 0
        servers[server].bad += 1
        let isTolerated = (server == active || isConnected) && servers[server].isUsable
        if isTolerated, servers[server].bad < Self.tolerance { return }
        fall(server, to: health, at: now)
    }

    private mutating func fall(_ server: Int, to health: Health, at now: Int64) {
        if server == active, servers[server].isUsable {
            let hasProved = now - servers[server].chosen >= Self.proof
            let longer = min(servers[server].probation * 2, Self.mostProbation)
            servers[server].probation = hasProved ? Self.leastProbation : longer
        }
        servers[server].good = 0
        servers[server].health = health
    }

    // MARK: The choice

    private mutating func choose(at now: Int64) {
        guard let best = better(), best != active else { return }
        active = best
        servers[best].chosen = now
    }

    /// One that is to be used instead of the active one.
    private func better() -> Int? {
        let well = servers.firstIndex { $0.health == .well }
        switch servers[active].health {
        case .unknown, .well: return well.flatMap { $0 < active ? $0 : nil }
        case .lagging: return well
        case .unwell:
            return well ?? servers.firstIndex { $0.health == .unknown } ?? servers.firstIndex { $0.isLagging }
        }
    }
}
