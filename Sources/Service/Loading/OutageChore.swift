import Batching
import MariaDB

/// Tells those who wait, batch by batch, that there is no database; until there is one again.
final class OutageChore: Chore {
    private let error: DatabaseError

    init(_ error: DatabaseError) {
        self.error = error
    }

    func doPiece(for engine: Engine) -> Bool {
        guard engine.backend?.outage != nil, let batch = engine.batcher.takeAny() else { return false }
        engine.fail(batch, Engine.unavailable(error))
        return true
    }
}
