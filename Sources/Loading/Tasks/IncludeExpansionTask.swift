import Relations

/// Finds out in slices what a node's rows include.
final class IncludeExpansionTask: SlicedTask {
    private let node: LoadNode
    private let load: PendingLoad
    private var expansion: IncludeExpansion
    private unowned let engine: Engine

    init(_ node: LoadNode, of load: PendingLoad, engine: Engine) {
        self.node = node
        self.load = load
        self.engine = engine
        expansion = IncludeExpansion(of: node)
    }

    func runSlice(rows: Int) -> Bool {
        guard load.isOnItsWay else { return false }
        do throws(Failure) {
            guard try expansion.advance(steps: rows) else { return true }
            engine.enqueueIncludes(expansion, of: node, in: load)
        } catch {
            engine.fail(load, error)
        }
        return false
    }
}
