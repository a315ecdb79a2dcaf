import Batching
import Relations
import Time

/// From the keys of many clients to batches.
extension Case {
    static let batching = [
        Case(
            name: "batching/64 clients", unit: "key", unitsPerIteration: 64,
            ceiling: Cost(instructions: 2_110, allocations: 0.33)
        ) { batch(distinctKeys: 64, iterations: $0) },
        Case(
            name: "batching/same keys", unit: "key", unitsPerIteration: 64,
            ceiling: Cost(instructions: 1_075, allocations: 0.27)
        ) { batch(distinctKeys: 8, iterations: $0) },
    ]

    /// While a query is in flight every client asks for one key; when it ends, these keys are sent.
    private static func batch(distinctKeys: Int, iterations: Int) -> Int {
        let clients = 64
        let batchKey = BatchKey(number: 1, maxKeys: 500, window: .milliseconds(1))
        let keys = (0..<clients).map { [Key.single(.integer(Int64($0 % distinctKeys)))] as [Key?] }
        var shares = keys.map { _ in FairShare() }
        var batcher = Batcher(limits: .init(maxKeyBytes: 1 << 20, maxInFlight: 8))
        var now = Instant(nanoseconds: 1_000_000_000)
        var submissions: UInt64 = 0
        var inFlight: Batch?
        var total = 0
        for _ in 0..<iterations {
            for client in 0..<clients {
                now.nanoseconds += 3000
                submissions += 1
                batcher.submit(
                    keys[client], of: batchKey, for: SubmissionID(submissions, index: client),
                    share: &shares[client],
                    at: now)
            }
            if let inFlight { batcher.finished(inFlight, countsAsMeasurement: true, at: now) }
            inFlight = batcher.nextBatch(at: now)
            total += inFlight?.keys.count ?? 0
            if batcher.nextWake(after: now) != nil { total += 1 }
        }
        return total
    }
}
