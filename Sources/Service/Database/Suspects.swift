/// Queries that a server has refused for a reason that may be its own, which looks try on every server. Pure.
struct Suspects {
    private struct Suspicion {
        let suspect: HealthCheck.Suspect
        /// DatabaseServers of which it is still to be found out whether they answer it.
        var untried: Set<Int>
        /// Looks in a row that have asked a server and left that unclear.
        var unclear: [Int: Int] = [:]
    }

    /// How many are tried at one time.
    static let most = 4

    /// The oldest first.
    private var suspicions: [Suspicion] = []
    /// Looks at each server so far.
    private var turns: [Int]

    init(servers: Int) {
        turns = Array(repeating: 0, count: servers)
    }

    var names: [String] { suspicions.map(\.suspect.name) }
    var isFull: Bool { suspicions.count >= Self.most }
    /// Those of which nothing is to be found out any more at any server.
    var tried: [String] { suspicions.filter(\.untried.isEmpty).map(\.suspect.name) }

    func contains(_ name: String) -> Bool { place(of: name) != nil }

    /// - Precondition: There is room for it, and none of its name.
    mutating func add(_ suspect: HealthCheck.Suspect) {
        suspicions.append(Suspicion(suspect: suspect, untried: Set(turns.indices)))
    }

    mutating func remove(_ name: String) {
        suspicions.removeAll { $0.suspect.name == name }
    }

    /// Those that the next look at the server tries. Each look begins with another one: a look ends with the first query
    /// that takes too long, and those behind it must have their turn.
    mutating func next(at server: Int) -> [HealthCheck.Suspect] {
        guard !suspicions.isEmpty else { return [] }
        let first = turns[server] % suspicions.count
        turns[server] = first + 1
        return (suspicions[first...] + suspicions[..<first]).map(\.suspect)
    }

    /// The server has answered it or refused it.
    mutating func settle(_ name: String, at server: Int) {
        guard let place = place(of: name) else { return }
        suspicions[place].untried.remove(server)
        suspicions[place].unclear[server] = nil
    }

    /// A look has left unclear whether the server answers it. Answers how many have in a row.
    mutating func leaveUnclear(_ name: String, at server: Int) -> Int {
        guard let place = place(of: name) else { return 0 }
        suspicions[place].unclear[server, default: 0] += 1
        return suspicions[place].unclear[server, default: 0]
    }

    private func place(of name: String) -> Int? { suspicions.firstIndex { $0.suspect.name == name } }
}
