import Loading
import MariaDB

/// Which of several servers is used, by what is known of them: the first in the order of preference that is well. Pure.
///
/// One that has failed must be found well twice in a row before it is preferred again, and twice as often each time
/// that it fails within a minute of that: who falls down and stands up again all the time is not run after.
struct FailoverPolicy {
    enum Health: Hashable {
        /// Not looked at yet.
        case unknown
        case well
        /// It answers, and what it answers is not up to date, or not there, as the text says.
        case lagging(String)
        case unwell(DatabaseError)
    }

    /// What a look at a server has shown.
    enum Finding: Hashable, Sendable {
        case well
        case lagging(String)
        case unwell(DatabaseError)
        /// Nothing, neither good nor bad.
        case unclear
    }

    /// What is known of one query that a server has refused, where another may answer it.
    private struct Refusal {
        /// Times in a row that it was answered, and refused.
        var good = 0
        var bad = 0
        /// It speaks against the server.
        var counts = false
    }

    private struct Server {
        var health = Health.unknown
        /// Findings in a row of one kind, good or bad.
        var good = 0
        var bad = 0
        /// Good findings that it takes to be preferred again.
        var probation = leastProbation
        var chosen: Int64 = 0
        /// By name of the query.
        var refusals: [String: Refusal] = [:]
        /// Those of such queries that it has answered in the last look.
        var answered: Set<String> = []

        var refused: Set<String> { Set(refusals.filter(\.value.counts).keys) }
        /// Also those that it may have refused by chance.
        var doubted: Set<String> { Set(refusals.keys) }
        var isUsable: Bool { health == .well || health == .unknown }
        var isLagging: Bool { if case .lagging = health { true } else { false } }
    }

    /// A single bad finding may be the network's hiccup, and a single good one a server that is just about to fall.
    private static let leastProbation = 2
    private static let mostProbation = 64
    private static let tolerance = 2
    /// Looks in a row without a verdict after which a doubt is dropped. What has been found out lasts longer.
    private static let patience = 3
    /// Nanoseconds after which a server that was chosen has proved itself.
    private static let proof: Int64 = 60_000_000_000

    private var servers: [Server]
    private var suspects: Suspects
    private(set) var active = 0

    /// - Precondition: `count > 0`
    init(count: Int) {
        servers = Array(repeating: Server(), count: count)
        suspects = Suspects(servers: count)
    }

    func health(of server: Int) -> Health { servers[server].health }

    var isActiveWell: Bool { servers[active].isUsable }

    /// Whether the server lets in and does not answer what is asked.
    func isRefusing(_ server: Int) -> Bool {
        if case .unwell(let error) = servers[server].health { error.kind == .statement } else { false }
    }

    /// Queries that the server refuses, and the active one does not.
    func lacks(_ server: Int) -> Set<String> { servers[server].refused.subtracting(servers[active].refused) }

    private func isRefused(_ query: String) -> Bool { servers.contains { $0.refusals[query] != nil } }

    /// By which no server is better than another.
    private func isRefusedByAll(_ query: String) -> Bool {
        servers.allSatisfy { $0.refusals[query]?.counts == true }
    }

    func isSuspect(_ query: String) -> Bool { suspects.contains(query) }

    // MARK: What happens

    /// A connection to it has come about, which is no news of a server that lets in and then refuses what is asked.
    mutating func connected(to server: Int) {
        if case .lagging = servers[server].health { return }
        if !isRefusing(server) { servers[server].health = .well }
    }

    /// It has answered a query with rows.
    mutating func read(from server: Int) {
        if server == active, isRefusing(server) { servers[server].health = .well }
    }

    /// A query has met an error that is the server's state, whatever is asked. Where another server is known to say the
    /// same, this one is no worse, and it may be the query after all: looks will tell.
    mutating func refused(_ error: DatabaseError, by server: Int, at now: Int64) {
        let isShared = servers.indices.contains { other in
            guard other != server, case .unwell(let its) = servers[other].health else { return false }
            return its.kind == .statement && its.errno == error.errno
        }
        guard !isShared else { return }
        fall(server, to: .unwell(error), at: now)
        choose(at: now)
    }

    /// A query has met an error that may be one server's own, or all servers'. From now on, looks try it on each, if there
    /// is room. Answers whether there is. Who waits for a verdict, or has one that tells servers apart, makes no room:
    /// where many queries fail in turn, none would ever have its verdict.
    mutating func suspect(_ suspect: HealthCheck.Suspect) -> Bool {
        if isSuspect(suspect.name) { return true }
        if suspects.isFull {
            guard let vain = suspects.names.first(where: isRefusedByAll) else { return false }
            forget(vain)
        }
        suspects.add(suspect)
        return true
    }

    /// The server has refused a suspect. Of what is none, looks would never tell the contrary.
    mutating func doubt(_ query: String, of server: Int) {
        guard isSuspect(query) else { return }
        servers[server].refusals[query, default: Refusal()].bad += 1
    }

    /// What the next look at the server tries.
    mutating func nextSuspects(at server: Int) -> [HealthCheck.Suspect] { suspects.next(at: server) }

    /// What a look at a server has shown of suspects, by name. It may have begun when there were others.
    mutating func tried(_ trials: [String: HealthCheck.Trial], at server: Int, at now: Int64) {
        let refusedBefore = servers[server].refused
        for (query, trial) in trials where isSuspect(query) {
            switch trial {
            case .answered: judge(query, isAnswered: true, at: server)
            case .refused: judge(query, isAnswered: false, at: server)
            case .unclear: loseHope(of: query, at: server)
            }
        }
        // However many it refuses: it has fallen once.
        if server == active, !servers[server].refused.isSubset(of: refusedBefore) {
            lengthenProbation(server, at: now)
        }
        // What every server has been asked in a look, and none refuses, is no suspect any more.
        for query in suspects.tried where !isRefused(query) { forget(query) }
        choose(at: now)
    }

    private mutating func judge(_ query: String, isAnswered: Bool, at server: Int) {
        suspects.settle(query, at: server)
        var refusal = servers[server].refusals[query] ?? Refusal()
        if isAnswered {
            servers[server].answered.insert(query)
        } else {
            servers[server].answered.remove(query)
        }
        refusal.good = isAnswered ? refusal.good + 1 : 0
        refusal.bad = isAnswered ? 0 : refusal.bad + 1
        if refusal.bad >= Self.tolerance { refusal.counts = true }
        let isOver = isAnswered && (!refusal.counts || refusal.good >= servers[server].probation)
        servers[server].refusals[query] = isOver ? nil : refusal
    }

    /// It is locked, or takes too long, or the server cannot be asked: if that goes on, a load that fails will tell.
    private mutating func loseHope(of query: String, at server: Int) {
        let isKnown = servers[server].refusals[query]?.counts == true
        let patience = isKnown ? Self.mostProbation : Self.patience
        guard suspects.leaveUnclear(query, at: server) >= patience else { return }
        suspects.settle(query, at: server)
        servers[server].refusals[query] = nil
        servers[server].answered.remove(query)
    }

    /// Nobody tries it any more.
    private mutating func forget(_ query: String) {
        suspects.remove(query)
        for server in servers.indices {
            servers[server].refusals[query] = nil
            servers[server].answered.remove(query)
        }
    }

    /// The active server has no connection, and an attempt to have one has failed.
    mutating func failed(_ error: DatabaseError, at now: Int64) {
        fall(active, to: .unwell(error), at: now)
        choose(at: now)
    }

    /// - Parameters:
    ///   - isConnected: whether the server has connections that serve.
    ///   - hasAnswered: whether it has answered a query since the look began, with rows if the look found it refusing.
    mutating func found(
        _ finding: Finding, of server: Int, isConnected: Bool, hasAnswered: Bool = false, at now: Int64
    ) {
        switch finding {
        case .well: foundWell(server)
        case .unclear: break
        case .lagging(let text): foundBad(server, .lagging(text), isConnected: isConnected, at: now)
        case .unwell(let error):
            // Who serves and has no room for one more, or a name that is not found just now: it is not dead.
            let isSilence = error.kind != .refused && error.errno != DatabaseError.unknownHost
            // A look that failed late tells of what is over.
            guard !hasAnswered, !isConnected || isSilence else { break }
            if error.kind == .statement, error.scope == .server {
                // It has said so itself: there is nothing to wait for.
                servers[server].bad = Self.tolerance
            }
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
        if server == active, servers[server].isUsable { lengthenProbation(server, at: now) }
        servers[server].good = 0
        servers[server].health = health
    }

    private mutating func lengthenProbation(_ server: Int, at now: Int64) {
        let hasProved = now - servers[server].chosen >= Self.proof
        let longer = min(servers[server].probation * 2, Self.mostProbation)
        servers[server].probation = hasProved ? Self.leastProbation : longer
    }

    // MARK: The choice

    private mutating func choose(at now: Int64) {
        guard let best = better(), best != active else { return }
        active = best
        servers[best].chosen = now
    }

    /// One that is to be used instead of the active one: who answers what that refuses, or refuses no more and is preferred.
    /// Of two that each refuse what the other answers neither is better; so every change leads to less that is refused,
    /// or up the list, and ends.
    private func better() -> Int? {
        let well = servers.firstIndex { $0.health == .well }
        switch servers[active].health {
        case .unknown, .well:
            let refused = servers[active].refused
            return servers.indices.first { index in
                let its = servers[index].doubted
                guard servers[index].health == .well, its.isSubset(of: refused) else { return false }
                let gain = refused.subtracting(its)
                return index < active || !gain.isEmpty && gain.isSubset(of: servers[index].answered)
            }
        case .lagging: return well
        case .unwell:
            return well ?? servers.firstIndex { $0.health == .unknown } ?? servers.firstIndex { $0.isLagging }
        }
    }
}
