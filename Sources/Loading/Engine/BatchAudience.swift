import Batching

/// The plans of those who wait for a batch: how they want to see its rows.
struct BatchAudience {
    /// A plan of somebody who waits; nil if nobody does.
    private(set) var first: LoadPlan?
    /// The projections that are wanted, each once.
    private(set) var projections: [Projection] = []
    /// For each key of the batch, the indices of the projections that are wanted; nil where there is one
    /// projection only.
    private(set) var byKey: [[Int]]?
    /// The indices of all projections but the first. Most batches have one, and no table is made for it.
    private var indices: [ObjectIdentifier: Int] = [:]

    /// - Parameter plan: what a node asks for; nil if nobody waits for it any more.
    init(_ batch: Batch, _ plan: (SubmissionID) -> LoadPlan?) {
        for waiter in batch.allWaiters {
            guard let plan = plan(waiter.submission) else { continue }
            if first == nil { first = plan }
            if plan.projection !== projections.first { _ = index(of: plan.projection) }
        }
        guard projections.count > 1 else { return }
        byKey = batch.keys.indices.map { keyIndex in
            var found: [Int] = []
            var seen: Set<Int> = []
            for waiter in batch.waiters(of: keyIndex) {
                guard let index = plan(waiter.submission).map({ index(of: $0.projection) }),
                    seen.insert(index).inserted
                else { continue }
                found.append(index)
            }
            return found
        }
    }

    private mutating func index(of projection: Projection) -> Int {
        if projection === projections.first { return 0 }
        if let known = indices[ObjectIdentifier(projection)] { return known }
        if !projections.isEmpty { indices[ObjectIdentifier(projection)] = projections.count }
        projections.append(projection)
        return projections.count - 1
    }
}
