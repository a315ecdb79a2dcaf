package import Batching
package import Relations

/// A node of a load's plan while the load is on its way: the keys that it asks for, and the answers so far.
package final class LoadNode {
    package enum Answer {
        case waiting
        /// There are no rows, and no query was needed to know: a `NULL` key, or a selection that nothing
        /// satisfies.
        case noRows
        case rows(EncodedRows, keyIndex: Int)
        /// A key that cannot be used; the other keys of the request can.
        case unusable(Failure)
    }

    /// A relationship that the rows of this node include.
    struct Child {
        let node: LoadNode
        /// For each row of the parent node, in the order of its answers, the position of the row's key; nil
        /// for `NULL`.
        let positions: [Int?]

        /// About how much memory it takes.
        var byteCount: Int {
            positions.count * MemoryLayout<Int?>.stride + node.keys.count * LoadNode.bytesPerKey
                + node.waitingKeys.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// Memory that a key takes beside its bytes, here and while it gathers with others.
    static let bytesPerKey = 192

    /// Set when the node's keys begin to wait; until then it is the id of no node.
    package internal(set) var id = SubmissionID(0)
    package let plan: LoadPlan
    /// The keys, by position in the request; nil where no query is needed.
    package let keys: OneOrMany<Key?>
    package private(set) var answers: OneOrMany<Answer>
    /// The number of answers that have not come.
    package private(set) var missing: Int
    /// Whether the rows of one key are more than a reply holds.
    private(set) var hasTooLargeAnswer = false
    /// The nodes of what is included, one for each include of the plan; empty as long as not all answers are
    /// there.
    private(set) var children: [Child] = []
    /// For each answer, the index of its first row among all rows of the node.
    private(set) var firstRows: [Int] = []
    var unfinishedChildren = 0
    /// The load that it belongs to, which keeps it and its parent alive.
    package unowned let load: PendingLoad
    package unowned let parent: LoadNode?

    init(
        plan: LoadPlan, load: PendingLoad, parent: LoadNode? = nil, keys: OneOrMany<Key?>,
        answers: OneOrMany<Answer>
    ) {
        self.plan = plan
        self.load = load
        self.parent = parent
        self.keys = keys
        self.answers = answers
        missing = keys.indices.count { keys[$0] != nil }
    }

    var waitingKeys: some Sequence<Key> { keys.lazy.compactMap { $0 } }

    /// Takes the rows of the key at `position`.
    /// - Returns: false if the key has its answer, which it keeps.
    func deliver(_ rows: EncodedRows, keyIndex: Int, to position: Int) -> Bool {
        guard case .waiting = answers[position] else { return false }
        answers[position] = .rows(rows, keyIndex: keyIndex)
        missing -= 1
        if rows.isTooLarge(keyIndex) { hasTooLargeAnswer = true }
        return true
    }

    func attach(_ children: [Child], firstRows: [Int]) {
        self.children = children
        self.firstRows = firstRows
        unfinishedChildren = children.count
    }

    /// The keys that cannot be used, by position.
    var failures: some Sequence<(index: Int, failure: Failure)> {
        answers.indices.lazy.compactMap { position in
            if case .unusable(let failure) = self.answers[position] {
                (index: position, failure: failure)
            } else {
                nil
            }
        }
    }
}
