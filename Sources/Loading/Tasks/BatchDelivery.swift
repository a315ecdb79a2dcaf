import Batching
import Relations

/// Gives the result of a batch to those who wait for it. They may be very many: all who ask for the same key
/// share a batch.
final class BatchDelivery: SlicedTask {
    enum Result {
        case rows(BatchQuery)
        case failure(Failure)
    }

    private let result: Result
    private let batch: Batch
    private let waiters: [Waiter]
    /// The index of the next waiter, and that of the key in the batch that it waits for.
    private var (next, keyIndex) = (0, 0)
    private unowned let engine: Engine

    init(_ result: Result, of batch: Batch, engine: Engine) {
        self.result = result
        self.batch = batch
        self.engine = engine
        waiters = batch.allWaiters
    }

    /// Those who have not had the result yet.
    var remaining: ArraySlice<Waiter> { waiters[next...] }

    func runSlice(rows: Int) -> Bool {
        // Looked up once: it is unowned.
        let engine = engine
        for waiter in remaining.prefix(rows) {
            while batch.end(ofWaitersAt: keyIndex) == next { keyIndex += 1 }
            next += 1
            engine.deliver(result, of: keyIndex, to: waiter)
        }
        return next < waiters.count
    }
}
