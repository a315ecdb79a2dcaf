/// Queries that a server has refused for a reason that may be its own, which health checks try on every
/// server. Pure.
struct SuspectQueries {
    private struct Entry {
        let suspect: HealthCheck.Suspect
        /// Servers of which it is still to be found out whether they answer it.
        var untried: Set<Int>
        /// By server, checks in a row that have asked it and left that unclear.
        var unclearInARow: [Int: Int] = [:]
    }

    /// How many are tried at one time.
    static let maxCount = 4

    /// The oldest first.
    private var entries: [Entry] = []
    /// Checks of each server so far.
    private var checks: [Int]

    init(servers: Int) {
        checks = Array(repeating: 0, count: servers)
    }

    var names: [String] { entries.map(\.suspect.name) }
    var isFull: Bool { entries.count >= Self.maxCount }
    /// Those of which nothing is to be found out any more at any server.
    var triedEverywhere: [String] { entries.filter(\.untried.isEmpty).map(\.suspect.name) }

    func contains(_ name: String) -> Bool { index(of: name) != nil }

    /// - Precondition: There is room for it, and none of its name.
    mutating func add(_ suspect: HealthCheck.Suspect) {
        entries.append(Entry(suspect: suspect, untried: Set(checks.indices)))
    }

    mutating func remove(_ name: String) {
        entries.removeAll { $0.suspect.name == name }
    }

    /// The suspects in the order in which the next check of the server tries them. Each check begins with
    /// another one: a check ends with the first query that takes too long, and those behind it must have
    /// their turn.
    mutating func next(at server: Int) -> [HealthCheck.Suspect] {
        guard !entries.isEmpty else { return [] }
        let first = checks[server] % entries.count
        checks[server] = first + 1
        return (entries[first...] + entries[..<first]).map(\.suspect)
    }

    /// Nothing more is to be found out of it at this server.
    mutating func markTried(_ name: String, at server: Int) {
        guard let index = index(of: name) else { return }
        entries[index].untried.remove(server)
        entries[index].unclearInARow[server] = nil
    }

    /// A check has left unclear whether the server answers it.
    /// - Returns: how many checks of this server have in a row.
    mutating func countUnclear(_ name: String, at server: Int) -> Int {
        guard let index = index(of: name) else { return 0 }
        entries[index].unclearInARow[server, default: 0] += 1
        return entries[index].unclearInARow[server, default: 0]
    }

    private func index(of name: String) -> Int? { entries.firstIndex { $0.suspect.name == name } }
}
