import HeapModule
import Time

/// Where a batch key whose keys are due stands among the others.
struct Due: Comparable {
    let batchKey: BatchKey
    let reason: DispatchReason
    /// By the clients' fair shares.
    let round: Int
    /// Within a round: since when the oldest key has waited, with the batch key's priority in it.
    let rank: Instant
    /// When the keys became due.
    let since: Instant

    static func < (left: Due, right: Due) -> Bool { (left.round, left.rank) < (right.round, right.rank) }
}

/// Which batch keys are due, the most urgent first, and when others must be looked at. Whether what comes to the front
/// still holds, the batch key's queue knows.
struct Schedule {
    struct Timer: Comparable {
        let time: Instant
        let batchKey: BatchKey

        static func < (left: Timer, right: Timer) -> Bool { left.time < right.time }
    }

    private var timers: Heap<Timer> = []
    private var due: Heap<Due> = []

    var nextTimer: Instant? { timers.min?.time }

    mutating func add(_ timer: Timer) { timers.insert(timer) }

    mutating func popTimer(at now: Instant) -> Timer? {
        guard let first = timers.min, first.time <= now else { return nil }
        return timers.removeMin()
    }

    mutating func add(_ batchKey: Due) { due.insert(batchKey) }

    var dueCount: Int { due.count }

    /// Forgets batch keys that are due no more, or otherwise than they were.
    mutating func pruneDue(where isCurrent: (Due) -> Bool) {
        due = Heap(due.unordered.filter(isCurrent))
    }

    mutating func popDue() -> Due? { due.popMin() }
}
