import Batching
import DequeModule
import HeapModule
import Time

/// When the requests on their way must be given up.
///
/// Most have the daemon's own patience, and so stand in the order in which they came; those with a
/// `timeout_ms` of their own are in a heap. A request that was answered leaves its deadline behind, which is
/// dropped when it comes to the front.
struct Deadlines {
    struct Deadline: Comparable {
        let time: Instant
        let node: SubmissionID
        /// Whether the client set it, with `timeout_ms`.
        let isClients: Bool

        static func < (left: Deadline, right: Deadline) -> Bool { left.time < right.time }
    }

    private var common: Deque<Deadline> = []
    private var own: Heap<Deadline> = []

    mutating func add(_ deadline: Deadline) {
        // The daemon's patience may have been shortened by a reload.
        let isInOrder = common.last.map { $0.time <= deadline.time } ?? true
        if deadline.isClients || !isInOrder { own.insert(deadline) } else { common.append(deadline) }
    }

    var count: Int { common.count + own.count }

    /// Forgets those that do not count any more, behind others that do.
    mutating func prune(where counts: (Deadline) -> Bool) {
        common.removeAll { !counts($0) }
        own = Heap(own.unordered.filter(counts))
    }

    /// The earliest of those that still count; the others are forgotten.
    mutating func next(where counts: (Deadline) -> Bool) -> Deadline? {
        while let first = common.first, !counts(first) { common.removeFirst() }
        while let first = own.min, !counts(first) { own.removeMin() }
        guard let first = common.first else { return own.min }
        guard let other = own.min else { return first }
        return min(first, other)
    }
}
