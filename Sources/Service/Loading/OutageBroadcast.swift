import Batching
import MariaDB

/// Tells those who wait, batch by batch, that there is no database; until there is one again.
final class OutageBroadcast: SlicedTask {
    private let error: DatabaseError

    init(_ error: DatabaseError) {
        self.error = error
    }

    func runSlice(for engine: Engine) -> Bool {
        guard engine.runner?.outage != nil, let batch = engine.batcher.takeAny() else { return false }
        engine.fail(batch, Engine.unavailable(error))
        return true
    }
}
