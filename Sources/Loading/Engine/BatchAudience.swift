import Batching

/// The plans of those who wait for a batch: how they want to see its rows.
struct BatchAudience {
    /// The plan of the first who waits; nil if nobody does.
    private(set) var first: LoadPlan?
    /// The projections that are wanted beside that of the first plan, each once. Most batches have none.
    private var further: [Projection] = []
    /// For each key of the batch, the indices of the projections that are wanted; nil where there is one
    /// projection only.
    private(set) var byKey: [[Int]]?
    /// By projection, the indices of the further ones among all.
    private var indices: [ObjectIdentifier: Int] = [:]

    /// - Parameter plan: what a node asks for; nil if nobody waits for it any more.
    init(_ batch: Batch, _ plan: (SubmissionID) -> LoadPlan?) {
        for waiter in batch.allWaiters {
            guard let plan = plan(waiter.submission) else { continue }
            if first == nil { first = plan }
            _ = index(of: plan.projection)
        }
        guard !further.isEmpty else { return }
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

    /// The projections that are wanted, each once, that of the first plan first.
    var projections: [Projection] { (first.map { [$0.projection] } ?? []) + further }

    var count: Int { (first == nil ? 0 : 1) + further.count }

    private mutating func index(of projection: Projection) -> Int {
        if projection === first?.projection { return 0 }
        if let known = indices[ObjectIdentifier(projection)] { return known }
        further.append(projection)
        indices[ObjectIdentifier(projection)] = further.count
        return further.count
    }
}
