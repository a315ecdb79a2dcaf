/// Queries that a server has refused for a reason that may be its own, which health checks try on every
/// server. Pure.
struct SuspectQueries {
    private struct Entry {
        let suspect: HealthCheck.Suspect
        /// Servers of which it is still to be found out whether they answer it.
        var untried: Set<ServerIndex>
        /// By server, checks in a row that have asked it and left that unclear.
        var unclearInARow: [ServerIndex: Int] = [:]
    }

    /// The greatest number of suspects.
    static let maxCount = 4

    /// The suspects, the oldest first.
    private var entries: [Entry] = []
    /// By server, the index of the suspect with which its next check begins.
    private var firstInNextCheck: [Int]

    init(servers: Int) {
        firstInNextCheck = Array(repeating: 0, count: servers)
    }

    var names: [String] { entries.map(\.suspect.name) }
    var isFull: Bool { entries.count >= Self.maxCount }
    /// The names of suspects of which every server has been asked.
    var triedEverywhere: [String] { entries.filter(\.untried.isEmpty).map(\.suspect.name) }

    func contains(_ name: String) -> Bool { index(of: name) != nil }

    /// - Precondition: There is room for it, and none of its name.
    mutating func add(_ suspect: HealthCheck.Suspect) {
        entries.append(Entry(suspect: suspect, untried: Set(firstInNextCheck.indices)))
    }

    mutating func remove(_ name: String) {
        entries.removeAll { $0.suspect.name == name }
    }

    /// The suspects in the order in which the next check of the server tries them. Each check begins with
    /// another one: a check ends with the first query that takes too long, and those behind it must have
    /// their turn.
    mutating func next(at server: ServerIndex) -> [HealthCheck.Suspect] {
        guard !entries.isEmpty else { return [] }
        let first = firstInNextCheck[server] % entries.count
        firstInNextCheck[server] = first + 1
        return (entries[first...] + entries[..<first]).map(\.suspect)
    }

    /// Notes that the server has been asked, so that nothing more is to be found out there.
    mutating func markTried(_ name: String, at server: ServerIndex) {
        guard let index = index(of: name) else { return }
        entries[index].untried.remove(server)
        entries[index].unclearInARow[server] = nil
    }

    /// Notes that a check has left unclear whether the server answers the suspect.
    /// - Returns: the number of such checks of this server in a row.
    mutating func countUnclear(_ name: String, at server: ServerIndex) -> Int {
        guard let index = index(of: name) else { return 0 }
        entries[index].unclearInARow[server, default: 0] += 1
        return entries[index].unclearInARow[server, default: 0]
    }

    private func index(of name: String) -> Int? { entries.firstIndex { $0.suspect.name == name } }
}
