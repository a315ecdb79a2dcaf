import Batching
import Relations

/// Tells those who wait for a batch how it has ended, which may be very many: everybody's wish for one key is one batch.
final class NewsChore: Chore {
    enum News {
        case rows(Job)
        case failure(Failure)
    }

    private let news: News
    private let batch: Batch
    private let askers: [Asker]
    /// The asker who is told next, and the place of the key that he asks for.
    private var (next, place) = (0, 0)

    init(_ news: News, of batch: Batch) {
        self.news = news
        self.batch = batch
        askers = batch.allAskers
    }

    /// Those who have not been told yet.
    var untold: ArraySlice<Asker> { askers[next...] }

    func doPiece(for engine: Engine) -> Bool {
        tell(engine, atMost: engine.chores.limits.rowsInPiece)
    }

    /// - Returns: whether others are still to be told.
    func tell(_ engine: Engine, atMost most: Int) -> Bool {
        for asker in untold.prefix(most) {
            while batch.end(ofAskersAt: place) == next { place += 1 }
            next += 1
            engine.tell(asker, news, of: place)
        }
        return next < askers.count
    }
}
