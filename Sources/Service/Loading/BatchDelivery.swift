import Batching
import Relations

/// Tells those who wait for a batch how it has ended, which may be very many: everybody's wish for one key is one batch.
final class BatchDelivery: SlicedTask {
    enum News {
        case rows(BatchQuery)
        case failure(Failure)
    }

    private let news: News
    private let batch: Batch
    private let waiters: [Waiter]
    /// The waiter who is told next, and the place of the key that he asks for.
    private var (next, place) = (0, 0)

    init(_ news: News, of batch: Batch) {
        self.news = news
        self.batch = batch
        waiters = batch.allWaiters
    }

    /// Those who have not been told yet.
    var untold: ArraySlice<Waiter> { waiters[next...] }

    func runSlice(for engine: Engine) -> Bool {
        tell(engine, atMost: engine.tasks.limits.rowsInSlice)
    }

    /// - Returns: whether others are still to be told.
    func tell(_ engine: Engine, atMost most: Int) -> Bool {
        for waiter in untold.prefix(most) {
            while batch.end(ofWaitersAt: place) == next { place += 1 }
            next += 1
            engine.tell(waiter, news, of: place)
        }
        return next < waiters.count
    }
}
