import Batching
import FanOut
import Relations

/// What the rows of a ticket include: for each branch of its level a ticket with the keys that its rows lead to. Found at
/// once, or in pieces.
struct Growth {
    private let parent: Ticket
    /// By branch.
    private var rowKeys: [RowKeys]
    /// The number of the first row of each of the parent's answers that have been looked at.
    private(set) var firstRows: [Int] = []
    /// Of the answer that is being looked at, the row that comes next.
    private var row: Int?

    init(of parent: Ticket) {
        self.parent = parent
        rowKeys = parent.level.branches.map { _ in RowKeys() }
    }

    /// - Parameter steps: how many answers and rows are looked at, at most.
    /// - Returns: whether all have been.
    mutating func look(steps: Int) throws(Failure) -> Bool {
        for _ in 0..<steps {
            if let next = row, case .rows(let harvest, _) = parent.answers[firstRows.count - 1] {
                for (number, branch) in parent.level.branches.enumerated() {
                    rowKeys[number].add(harvest.key(ofRow: next, links: branch.links))
                }
                row = harvest.row(after: next)
            } else if firstRows.count < parent.answers.count {
                try beginAnswer()
            } else {
                return true
            }
        }
        return false
    }

    private mutating func beginAnswer() throws(Failure) {
        let position = firstRows.count
        firstRows.append(rowKeys[0].positions.count)
        guard case .rows(let harvest, let place) = parent.answers[position] else { return }
        if let column = harvest.brokenLinks[place] { throw Self.broken(column, parent.level) }
        row = harvest.firstRow(of: place)
    }

    /// Distinct keys that the rows lead to, of all branches.
    var keyCount: Int { rowKeys.reduce(0) { $0 + $1.keys.count } }

    /// When all has been looked at.
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
