/// Forgets the loads of a client that is gone, which may wait for very many keys.
final class FarewellChore: Chore {
    private(set) var loads: ArraySlice<PendingLoad>

    init(_ loads: [PendingLoad]) {
        self.loads = loads[...]
    }

    func doPiece(for engine: Engine) -> Bool {
        var steps = engine.chores.limits.rowsInPiece
        while steps > 0, let load = loads.popLast() {
            steps -= 1 + load.keyCount
            engine.forget(load)
        }
        return !loads.isEmpty
    }
}
