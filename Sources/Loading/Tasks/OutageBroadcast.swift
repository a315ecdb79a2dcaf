import Batching

/// Tells those who wait that there is no database, batch by batch, unless there is one again meanwhile.
final class OutageBroadcast: SlicedTask {
    private let failure: QueryFailure
    private unowned let engine: Engine

    init(_ failure: QueryFailure, engine: Engine) {
        self.failure = failure
        self.engine = engine
    }

    func runSlice(rows: Int) -> Bool {
        guard engine.runner?.outage != nil, let batch = engine.batcher.removeWaitingBatch() else {
            return false
        }
        engine.fail(batch, Engine.unavailable(failure))
        return true
    }
}
