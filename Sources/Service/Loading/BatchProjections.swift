import Batching
import Relations

/// Which projections the waiters of a batch want of which keys.
struct BatchProjections {
    private(set) var projections: [Projection] = []
    /// All that must be fetched, each once.
    private(set) var columns: [Column] = []
    /// By key; nil where all want the same.
    private(set) var wanted: [[Int]]?
    /// But for the first: most batches have one only, and no table is made for it.
    private var numbers: [ObjectIdentifier: Int] = [:]

    /// - Parameter projection: what a node wants to see; nil if nobody waits for it any more.
    init(_ batch: Batch, _ projection: (SubmissionID) -> Projection?) {
        for waiter in batch.allWaiters {
            guard let wanted = projection(waiter.submission), wanted !== projections.first else { continue }
            _ = number(of: wanted)
        }
        guard projections.count > 1 else { return }
        wanted = batch.keys.indices.map { place in
            var found: [Int] = []
            var seen: Set<Int> = []
            for waiter in batch.waiters(of: place) {
                guard let number = projection(waiter.submission).map({ number(of: $0) }),
                    seen.insert(number).inserted
                else { continue }
                found.append(number)
            }
            return found
        }
    }

    /// Whether somebody still waits.
    var isEmpty: Bool { projections.isEmpty }

    private mutating func number(of projection: Projection) -> Int {
        if projection === projections.first { return 0 }
        if let known = numbers[ObjectIdentifier(projection)] { return known }
        if !projections.isEmpty { numbers[ObjectIdentifier(projection)] = projections.count }
        projections.append(projection)
        for column in projection.fetched where !columns.contains(column) { columns.append(column) }
        return projections.count - 1
    }
}
