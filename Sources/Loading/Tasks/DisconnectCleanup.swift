/// Takes the loads of a client that is gone out of the batches; they may wait for very many keys.
final class DisconnectCleanup: SlicedTask {
    private var loads: ArraySlice<PendingLoad>
    private unowned let engine: Engine

    init(_ loads: [PendingLoad], engine: Engine) {
        self.loads = loads[...]
        self.engine = engine
    }

    func runSlice(rows: Int) -> Bool {
        var steps = rows
        while steps > 0, let load = loads.popLast() {
            steps -= 1 + load.keyCount
            engine.forget(load)
        }
        return !loads.isEmpty
    }
}
