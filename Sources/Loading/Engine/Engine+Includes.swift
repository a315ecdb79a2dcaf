import Batching
import Relations

// What follows when a node has its answers: the keys of included rows are enqueued, and in the end the load
// is complete.

extension Engine {
    /// All answers of a node are there: asks for what its rows include, each include in the batches of
    /// everybody.
    func expandIncludes(of node: LoadNode, in load: PendingLoad) {
        guard !node.plan.includes.isEmpty else { return complete(node, of: load) }
        guard tasks.claim(rows: load.rowCount, bytes: 0) else {
            return tasks.add(IncludeExpansionTask(node, of: load, engine: self))
        }
        var expansion = IncludeExpansion(of: node)
        do {
            while try !expansion.advance(steps: .max) {}
            enqueueIncludes(expansion, of: node, in: load)
        } catch {
            fail(load, error)
        }
    }

    func enqueueIncludes(_ expansion: IncludeExpansion, of node: LoadNode, in load: PendingLoad) {
        do {
            // Before the children are made: there may be as many keys as a request may have rows.
            try requireRoom(forKeys: expansion.keyCount, of: load.queue.account)
        } catch {
            return fail(load, error)
        }
        let children = expansion.children
        node.attach(children, firstRows: expansion.firstRows)
        for child in children {
            load.include(child.node)
            loads.addBytes(child.byteCount, for: load)
            if child.node.missing > 0 { enqueue(child.node, of: load) }
        }
        for child in children where child.node.missing == 0 { complete(child.node, of: load) }
    }

    /// A node has all its answers, and so have the nodes of what it includes: completes its parent, or the
    /// load.
    func complete(_ node: LoadNode, of load: PendingLoad) {
        guard let parent = node.parent else {
            loads.releaseKeys(of: load)
            return load.queue.complete(load, node)
        }
        parent.unfinishedChildren -= 1
        if parent.unfinishedChildren == 0 { complete(parent, of: load) }
    }
}
