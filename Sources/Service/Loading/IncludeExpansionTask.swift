import Relations

/// Finds out what a node's rows include.
final class IncludeExpansionTask: SlicedTask {
    private let node: LoadNode
    private let load: PendingLoad
    private var expansion: IncludeExpansion

    init(_ node: LoadNode, of load: PendingLoad) {
        self.node = node
        self.load = load
        expansion = IncludeExpansion(of: node)
    }

    func runSlice(for engine: Engine) -> Bool {
        guard load.isWaiting else { return false }
        do throws(Failure) {
            guard try expansion.look(steps: engine.tasks.limits.rowsInSlice) else { return true }
            engine.attach(expansion, to: node, of: load)
        } catch {
            engine.fail(load, error)
        }
        return false
    }
}
