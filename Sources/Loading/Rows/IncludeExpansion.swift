import Batching
import FanOut
import Relations

/// Finds, at once or in slices, what the rows of a node include: for each include of the node's plan a new
/// node with the distinct keys in these rows.
struct IncludeExpansion {
    private let parent: LoadNode
    /// The keys found so far, by include.
    private var rowKeys: [RowKeys]
    /// The number of the first row of each of the parent's answers that have been looked at.
    private(set) var firstRows: [Int] = []
    /// The row that comes next in the answer that is being looked at; nil after the last.
    private var row: Int?

    init(of parent: LoadNode) {
        self.parent = parent
        rowKeys = parent.plan.includes.map { _ in RowKeys() }
    }

    /// Looks at further answers and rows.
    /// - Parameter steps: how many of them are looked at, at most.
    /// - Returns: whether all have been looked at.
    mutating func advance(steps: Int) throws(Failure) -> Bool {
        for _ in 0..<steps {
            if let next = row, case .rows(let encoded, _) = parent.answers[firstRows.count - 1] {
                for (number, include) in parent.plan.includes.enumerated() {
                    rowKeys[number].add(encoded.key(ofRow: next, columns: include.keyColumns))
                }
                row = encoded.row(after: next)
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
        guard case .rows(let encoded, let keyIndex) = parent.answers[position] else { return }
        if let column = encoded.brokenIncludeKeys[keyIndex] { throw Self.broken(column, parent.plan) }
        row = encoded.firstRow(of: keyIndex)
    }

    /// The number of distinct keys of all includes together.
    var keyCount: Int { rowKeys.reduce(0) { $0 + $1.keys.count } }

    /// The nodes of what is included. To be read when all rows have been looked at.
    var children: [LoadNode.Child] {
        zip(parent.plan.includes, rowKeys).map { include, rowKeys in
            let isEmpty = include.plan.template.isEmpty
            let keys = OneOrMany<Key?>(rowKeys.keys)
            let node = LoadNode(
                plan: include.plan, load: parent.load, parent: parent,
                keys: isEmpty ? keys.map { _ in nil } : keys,
                answers: keys.map { _ in isEmpty ? .noRows : .waiting })
            return LoadNode.Child(node: node, positions: rowKeys.positions)
        }
    }

    private static func broken(_ column: Column, _ plan: LoadPlan) -> Failure {
        plan.path.failure(
            .databaseError,
            "a value of column '\(column.name)' is no \(column.declaration), so that nothing can be included by it"
        )
    }
}
