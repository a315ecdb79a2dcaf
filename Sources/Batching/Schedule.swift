import HeapModule
import Time

/// A batch key whose keys are due, and its rank among the others.
struct DueEntry: Comparable {
    let batchKey: BatchKey
    let reason: ReleaseReason
    /// The round of the clients' fair shares; earlier rounds go first.
    let round: Int
    /// The order within a round: when the oldest key began to wait, moved forward by the batch key's
    /// priority.
    let rank: Instant
    /// When the keys became due.
    let dueSince: Instant

    static func < (left: DueEntry, right: DueEntry) -> Bool {
        (left.round, left.rank) < (right.round, right.rank)
    }
}

/// The batch keys that are due, the most urgent first, and the times at which others must be looked at.
/// Entries may be stale; the batch key's queue knows.
struct Schedule {
    struct Timer: Comparable {
        let time: Instant
        let batchKey: BatchKey

        static func < (left: Timer, right: Timer) -> Bool { left.time < right.time }
    }

    private var timers: Heap<Timer> = []
    private var due: Heap<DueEntry> = []

    var nextTimer: Instant? { timers.min?.time }

    mutating func add(_ timer: Timer) { timers.insert(timer) }

    /// Removes the first timer that has come; nil if none has.
    mutating func popTimer(at now: Instant) -> Timer? {
        guard let first = timers.min, first.time <= now else { return nil }
        return timers.removeMin()
    }

    mutating func add(_ entry: DueEntry) { due.insert(entry) }

    var dueCount: Int { due.count }

    /// Drops the entries that are stale.
    mutating func pruneDue(where isCurrent: (DueEntry) -> Bool) {
        due = Heap(due.unordered.filter(isCurrent))
    }

    /// Removes the most urgent entry; nil if there is none.
    mutating func popDue() -> DueEntry? { due.popMin() }
}
