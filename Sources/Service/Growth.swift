import Batching
import FanOut
import Relations

/// What the rows of a ticket include: for each branch of its level a ticket with the keys that its rows lead to.
struct Growth {
    private let parent: Ticket
    /// By branch.
    private var rowKeys: [RowKeys]
    /// The number of the first row of each of the parent's answers.
    private(set) var firstRows: [Int] = []

    init(of parent: Ticket) throws(Failure) {
        self.parent = parent
        let branches = parent.level.branches
        var rowKeys = branches.map { _ in RowKeys() }
        for position in parent.answers.indices {
            firstRows.append(rowKeys[0].positions.count)
            guard case .rows(let harvest, let place) = parent.answers[position] else { continue }
            if let column = harvest.brokenLinks[place] { throw Self.broken(column, parent.level) }
            harvest.forEachRow(of: place) { row, _ in
                for (number, branch) in branches.enumerated() {
                    rowKeys[number].add(harvest.key(ofRow: row, links: branch.links))
                }
            }
        }
        self.rowKeys = rowKeys
    }

    var children: [Ticket.Child] {
        zip(parent.level.branches, rowKeys).map { branch, rowKeys in
            let isEmpty = branch.level.route.isEmpty
            let keys = OneOrMany<Key?>(rowKeys.keys)
            let ticket = Ticket(
                level: branch.level, load: parent.load, parent: parent,
                keys: isEmpty ? keys.map { _ in nil } : keys,
                answers: keys.map { _ in isEmpty ? .none : .waiting })
            return Ticket.Child(ticket: ticket, positions: rowKeys.positions)
        }
    }

    private static func broken(_ column: Column, _ level: Level) -> Failure {
        level.path.failure(
            .databaseError,
            "a value of column '\(column.name)' is no \(column.declaration), so that nothing can be included by it"
        )
    }
}
