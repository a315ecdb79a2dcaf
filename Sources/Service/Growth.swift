import Batching
import Relations

/// What the rows of a ticket include: for each branch of its level a ticket with the keys that its rows lead to.
struct Growth {
    private let parent: Ticket
    /// By branch, the keys that the rows lead to, each once, and for each row the position of its own.
    private var keys: [[Key?]]
    private var positions: [[Int?]]
    /// The number of the first row of each of the parent's answers.
    private(set) var firstRows: [Int] = []

    init(of parent: Ticket) throws(Failure) {
        self.parent = parent
        let branches = parent.level.branches
        keys = Array(repeating: [], count: branches.count)
        positions = keys.map { _ in [] }
        var places: [[Key: Int]] = keys.map { _ in [:] }
        for answer in parent.answers {
            firstRows.append(positions[0].count)
            guard case .rows(let harvest, let place) = answer else { continue }
            if let column = harvest.brokenLinks[place] { throw Self.broken(column, parent.level) }
            harvest.forEachRow(of: place) { row, _ in
                for (number, branch) in branches.enumerated() {
                    lead(harvest.key(ofRow: row, links: branch.links), number, &places[number])
                }
            }
        }
    }

    private mutating func lead(_ key: Key?, _ branch: Int, _ places: inout [Key: Int]) {
        guard let key else { return positions[branch].append(nil) }
        if let known = places[key] { return positions[branch].append(known) }
        places[key] = keys[branch].count
        positions[branch].append(keys[branch].count)
        keys[branch].append(key)
    }

    func children(newTicket: () -> TicketID) -> [Ticket.Child] {
        parent.level.branches.indices.map { number in
            let level = parent.level.branches[number].level
            let isEmpty = level.route.selection.isEmpty
            let keys = isEmpty ? keys[number].map { _ in nil } : keys[number]
            let ticket = Ticket(
                id: newTicket(), level: level, load: parent.load, parent: parent, keys: keys,
                answers: keys.map { _ in isEmpty ? .none : .waiting })
            return Ticket.Child(ticket: ticket, positions: positions[number])
        }
    }

    private static func broken(_ column: Column, _ level: Level) -> Failure {
        level.path.failure(
            .databaseError,
            "a value of column '\(column.name)' is no \(column.declaration), so that nothing can be included by it"
        )
    }
}
