/// Forgets the loads of a client that is gone, which may wait for very many keys.
final class DisconnectCleanup: SlicedTask {
    private(set) var loads: ArraySlice<PendingLoad>

    init(_ loads: [PendingLoad]) {
        self.loads = loads[...]
    }

    func runSlice(for engine: Engine) -> Bool {
        var steps = engine.tasks.limits.rowsInSlice
        while steps > 0, let load = loads.popLast() {
            steps -= 1 + load.keyCount
            engine.forget(load)
        }
        return !loads.isEmpty
    }
}
