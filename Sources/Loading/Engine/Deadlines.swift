import Batching
import DequeModule
import HeapModule
import Time

/// When the requests on their way must be given up.
///
/// Most have the daemon's timeout, and so their deadlines stand in the order in which they came; those of
/// requests with a `timeout_ms` are in a heap. A request that was answered leaves its deadline behind, which
/// is dropped when it comes to the front.
struct Deadlines {
    struct Deadline: Comparable {
        let time: Instant
        let node: SubmissionID
        /// Whether the client set it, with `timeout_ms`.
        let isSetByClient: Bool

        static func < (left: Deadline, right: Deadline) -> Bool { left.time < right.time }
    }

    private var inOrder: Deque<Deadline> = []
    private var outOfOrder: Heap<Deadline> = []

    mutating func add(_ deadline: Deadline) {
        // A reload may have shortened the daemon's timeout.
        let isInOrder = inOrder.last.map { $0.time <= deadline.time } ?? true
        if deadline.isSetByClient || !isInOrder {
            outOfOrder.insert(deadline)
        } else {
            inOrder.append(deadline)
        }
    }

    var count: Int { inOrder.count + outOfOrder.count }

    /// Drops the deadlines that do not apply any more, also those behind others that do.
    mutating func prune(where stillApplies: (Deadline) -> Bool) {
        inOrder.removeAll { !stillApplies($0) }
        outOfOrder = Heap(outOfOrder.unordered.filter(stillApplies))
    }

    /// The earliest deadline that still applies; those before it are dropped.
    mutating func next(where stillApplies: (Deadline) -> Bool) -> Deadline? {
        while let first = inOrder.first, !stillApplies(first) { inOrder.removeFirst() }
        while let first = outOfOrder.min, !stillApplies(first) { outOfOrder.removeMin() }
        guard let first = inOrder.first else { return outOfOrder.min }
        guard let other = outOfOrder.min else { return first }
        return min(first, other)
    }
}
