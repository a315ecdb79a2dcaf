import Batching
import Relations

/// Which projections those who wait for a batch want, and of which keys.
struct BatchProjections {
    private(set) var projections: [Projection] = []
    /// All columns that must be fetched, each once.
    private(set) var columns: [Column] = []
    /// For each key of the batch, the indices of the projections that are wanted; nil where there is one
    /// projection only.
    private(set) var byKey: [[Int]]?
    /// The indices of all projections but the first. Most batches have one, and no table is made for it.
    private var indices: [ObjectIdentifier: Int] = [:]

    /// - Parameter projection: what a node wants to see; nil if nobody waits for it any more.
    init(_ batch: Batch, _ projection: (SubmissionID) -> Projection?) {
        for waiter in batch.allWaiters {
            guard let wanted = projection(waiter.submission), wanted !== projections.first else { continue }
            _ = index(of: wanted)
        }
        guard projections.count > 1 else { return }
        byKey = batch.keys.indices.map { keyIndex in
            var found: [Int] = []
            var seen: Set<Int> = []
            for waiter in batch.waiters(of: keyIndex) {
                guard let index = projection(waiter.submission).map({ index(of: $0) }),
                    seen.insert(index).inserted
                else { continue }
                found.append(index)
            }
            return found
        }
    }

    /// Whether nobody waits for the batch any more.
    var isEmpty: Bool { projections.isEmpty }

    private mutating func index(of projection: Projection) -> Int {
        if projection === projections.first { return 0 }
        if let known = indices[ObjectIdentifier(projection)] { return known }
        if !projections.isEmpty { indices[ObjectIdentifier(projection)] = projections.count }
        projections.append(projection)
        for column in projection.fetched where !columns.contains(column) { columns.append(column) }
        return projections.count - 1
    }
}
