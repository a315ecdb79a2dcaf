import Loading
import MariaDB
import Time

/// Which of several servers is used, by what is known of them: the first in the order of preference that is
/// well. Pure.
///
/// A server that has failed must be found well twice in a row before it is preferred again, and twice as
/// often each time that it fails within a minute of being chosen: a flapping server is not chased.
struct FailoverPolicy {
    enum Health: Hashable {
        /// Not checked yet.
        case unknown
        case well
        /// It answers, but its data is not up to date or not there, as the text says.
        case lagging(String)
        case unwell(DatabaseError)
    }

    /// What a health check has shown.
    enum Finding: Hashable, Sendable {
        case well
        case lagging(String)
        case unwell(DatabaseError)
        /// Nothing, neither good nor bad.
        case unclear
    }

    /// What is known of one query that a server has refused, where another may answer it.
    private struct Refusal {
        /// Times in a row that it was answered.
        var answeredInARow = 0
        /// Times in a row that it was refused.
        var refusedInARow = 0
        /// Whether it speaks against the server; otherwise it may have been refused by chance.
        var isProven = false
    }

    private struct Server {
        var health = Health.unknown
        /// Good findings in a row.
        var goodInARow = 0
        /// Bad findings in a row.
        var badInARow = 0
        /// Good findings in a row that it takes to be preferred again.
        var probation = minProbation
        /// When it was chosen.
        var chosenAt = Instant.zero
        /// By name of the query.
        var refusals: [String: Refusal] = [:]
        /// Suspect queries that it has answered in the last check.
        var answered: Set<String> = []

        /// Queries that it is known to refuse.
        var refused: Set<String> { Set(refusals.filter(\.value.isProven).keys) }
        /// Queries that it refuses, or may have refused by chance.
        var maybeRefused: Set<String> { Set(refusals.keys) }
        var isUsable: Bool { health == .well || health == .unknown }
        var isLagging: Bool { if case .lagging = health { true } else { false } }
    }

    /// A single good finding may be of a server that is just about to fall.
    private static let minProbation = 2
    private static let maxProbation = 64
    /// Bad findings in a row that it takes to believe them: a single one may be the network's hiccup.
    private static let minBadFindings = 2
    /// Checks in a row without a verdict after which an unproven refusal is dropped. A proven one lasts
    /// longer.
    private static let maxUnclearChecks = 3
    /// The time after which a server that was chosen counts as stable.
    private static let stableAfter = TimeSpan.seconds(60)

    private var servers: [Server]
    private var suspects: SuspectQueries
    private(set) var active = 0

    /// - Precondition: `count > 0`
    init(count: Int) {
        servers = Array(repeating: Server(), count: count)
        suspects = SuspectQueries(servers: count)
    }

    func health(of server: ServerIndex) -> Health { servers[server].health }

    var isActiveWell: Bool { servers[active].isUsable }

    /// Whether the server lets us in and does not answer what is asked.
    func isRefusing(_ server: ServerIndex) -> Bool {
        if case .unwell(let error) = servers[server].health { error.kind == .statement } else { false }
    }

    /// Queries that the server refuses, and the active one does not.
    func queriesRefusedOnly(by server: ServerIndex) -> Set<String> {
        servers[server].refused.subtracting(servers[active].refused)
    }

    private func isRefused(_ query: String) -> Bool { servers.contains { $0.refusals[query] != nil } }

    /// Whether no server is better than another as to this query.
    private func isRefusedByAll(_ query: String) -> Bool {
        servers.allSatisfy { $0.refusals[query]?.isProven == true }
    }

    func isSuspect(_ query: String) -> Bool { suspects.contains(query) }

    // MARK: What connections report

    /// A connection has come about. That is no news of a server that lets us in and then refuses what is
    /// asked.
    mutating func connected(to server: ServerIndex) {
        if case .lagging = servers[server].health { return }
        if !isRefusing(server) { servers[server].health = .well }
    }

    /// The server has answered a query with rows.
    mutating func completed(at server: ServerIndex) {
        if server == active, isRefusing(server) { servers[server].health = .well }
    }

    /// A query has met an error that is the server's state, whatever is asked. Where another server is known
    /// to say the same, this one is no worse, and the query may be to blame after all: health checks will
    /// tell.
    mutating func refused(_ error: DatabaseError, by server: ServerIndex, at now: Instant) {
        let isShared = servers.indices.contains { other in
            guard other != server, case .unwell(let its) = servers[other].health else { return false }
            return its.kind == .statement && its.errno == error.errno
        }
        guard !isShared else { return }
        degrade(server, to: .unwell(error), at: now)
        choose(at: now)
    }

    /// The active server has no connection, and an attempt to have one has failed.
    mutating func failed(_ error: DatabaseError, at now: Instant) {
        degrade(active, to: .unwell(error), at: now)
        choose(at: now)
    }

    // MARK: Suspect queries

    /// A query has met an error that may be one server's own, or all servers'. From now on, health checks try
    /// it on each, if there is room. A suspect without a verdict, or with one that tells servers apart, makes
    /// no room: where many queries fail in turn, none would ever have its verdict.
    /// - Returns: whether there is room.
    mutating func addSuspect(_ suspect: HealthCheck.Suspect) -> Bool {
        if isSuspect(suspect.name) { return true }
        if suspects.isFull {
            guard let useless = suspects.names.first(where: isRefusedByAll) else { return false }
            removeSuspect(useless)
        }
        suspects.add(suspect)
        return true
    }

    /// The server has refused a query. It counts only if the query is a suspect: of any other, no health
    /// check would ever show the contrary.
    mutating func refused(suspect query: String, by server: ServerIndex) {
        guard isSuspect(query) else { return }
        servers[server].refusals[query, default: Refusal()].refusedInARow += 1
    }

    /// What the next check of the server tries.
    mutating func nextSuspects(at server: ServerIndex) -> [HealthCheck.Suspect] { suspects.next(at: server) }

    /// Takes note of what a check of a server has shown of suspects.
    /// - Parameter trials: by name of the query. The check may have begun when there were others.
    mutating func record(trials: [String: HealthCheck.Trial], at server: ServerIndex, at now: Instant) {
        let refusedBefore = servers[server].refused
        for (query, trial) in trials where isSuspect(query) {
            switch trial {
            case .answered: record(query, isAnswered: true, at: server)
            case .refused: record(query, isAnswered: false, at: server)
            case .unclear: recordUnclear(query, at: server)
            }
        }
        // However many it refuses: it has fallen once.
        if server == active, !servers[server].refused.isSubset(of: refusedBefore) {
            lengthenProbation(server, at: now)
        }
        // A query that every server has been asked in a check, and none refuses, is no suspect any more.
        for query in suspects.triedEverywhere where !isRefused(query) { removeSuspect(query) }
        choose(at: now)
    }

    private mutating func record(_ query: String, isAnswered: Bool, at server: ServerIndex) {
        suspects.markTried(query, at: server)
        var refusal = servers[server].refusals[query] ?? Refusal()
        if isAnswered {
            servers[server].answered.insert(query)
        } else {
            servers[server].answered.remove(query)
        }
        refusal.answeredInARow = isAnswered ? refusal.answeredInARow + 1 : 0
        refusal.refusedInARow = isAnswered ? 0 : refusal.refusedInARow + 1
        if refusal.refusedInARow >= Self.minBadFindings { refusal.isProven = true }
        let isOver =
            isAnswered && (!refusal.isProven || refusal.answeredInARow >= servers[server].probation)
        servers[server].refusals[query] = isOver ? nil : refusal
    }

    /// The query is locked or takes too long, or the server cannot be asked. If that goes on, the query is
    /// left to loads, which will make it a suspect again if they fail.
    private mutating func recordUnclear(_ query: String, at server: ServerIndex) {
        let isProven = servers[server].refusals[query]?.isProven == true
        let limit = isProven ? Self.maxProbation : Self.maxUnclearChecks
        guard suspects.countUnclear(query, at: server) >= limit else { return }
        suspects.markTried(query, at: server)
        servers[server].refusals[query] = nil
        servers[server].answered.remove(query)
    }

    private mutating func removeSuspect(_ query: String) {
        suspects.remove(query)
        for server in servers.indices {
            servers[server].refusals[query] = nil
            servers[server].answered.remove(query)
        }
    }

    // MARK: Health checks

    /// Takes note of what a health check has shown.
    /// - Parameters:
    ///   - isConnected: whether the server has connections that serve.
    ///   - hasAnswered: whether it has answered a query since the check began, with rows if the check found
    ///     it refusing.
    mutating func record(
        _ finding: Finding, of server: ServerIndex, isConnected: Bool, hasAnswered: Bool = false,
        at now: Instant
    ) {
        switch finding {
        case .well: recordGood(server)
        case .unclear: break
        case .lagging(let text): recordBad(server, .lagging(text), isConnected: isConnected, at: now)
        case .unwell(let error):
            // A server that serves and is at its limit of connections, or whose name cannot be resolved just
            // now, is not down.
            let isSilence = error.kind != .refused && error.errno != ErrorNumber.unknownHost
            // A check that began before the server's last answer says nothing about its state now.
            guard !hasAnswered, !isConnected || isSilence else { break }
            if error.kind == .statement, error.scope == .server {
                // It has said so itself: there is nothing to wait for.
                servers[server].badInARow = Self.minBadFindings
            }
            recordBad(server, .unwell(error), isConnected: isConnected, at: now)
        }
        choose(at: now)
    }

    private mutating func recordGood(_ server: ServerIndex) {
        servers[server].badInARow = 0
        servers[server].goodInARow += 1
        switch servers[server].health {
        case .unknown: servers[server].health = .well
        case .well: break
        case .lagging, .unwell:
            let needed = isActiveWell ? servers[server].probation : 1
            if servers[server].goodInARow >= needed { servers[server].health = .well }
        }
    }

    private mutating func recordBad(
        _ server: ServerIndex, _ health: Health, isConnected: Bool, at now: Instant
    ) {
        servers[server].goodInARow = 0
        servers[server].badInARow += 1
        let isTolerated = (server == active || isConnected) && servers[server].isUsable
        if isTolerated, servers[server].badInARow < Self.minBadFindings { return }
        degrade(server, to: health, at: now)
    }

    private mutating func degrade(_ server: ServerIndex, to health: Health, at now: Instant) {
        if server == active, servers[server].isUsable { lengthenProbation(server, at: now) }
        servers[server].goodInARow = 0
        servers[server].health = health
    }

    private mutating func lengthenProbation(_ server: ServerIndex, at now: Instant) {
        let wasStable = now - servers[server].chosenAt >= Self.stableAfter
        let longer = min(servers[server].probation * 2, Self.maxProbation)
        servers[server].probation = wasStable ? Self.minProbation : longer
    }

    // MARK: The choice

    private mutating func choose(at now: Instant) {
        guard let best = better(), best != active else { return }
        active = best
        servers[best].chosenAt = now
    }

    /// The server to be used instead of the active one: one that answers what the active one refuses, or that
    /// refuses no more and is preferred. Of two that each refuse what the other answers neither is better; so
    /// every change leads to less that is refused, or up the list, and ends.
    private func better() -> Int? {
        let well = servers.firstIndex { $0.health == .well }
        switch servers[active].health {
        case .unknown, .well:
            let refused = servers[active].refused
            return servers.indices.first { index in
                let its = servers[index].maybeRefused
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
