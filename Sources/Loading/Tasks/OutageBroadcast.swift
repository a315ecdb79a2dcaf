import Batching

/// Fails the loads that wait while there is no database, batch by batch, until there is one again.
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
