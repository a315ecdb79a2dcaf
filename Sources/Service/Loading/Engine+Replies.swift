import Batching
import Relations
import Wire

// What becomes of answers: the levels that they lead on to, and replies.

extension Engine {
    // MARK: Levels

    /// All answers of a node are there: asks for what its rows include, every plan in the batches of everybody.
    func expandIncludes(_ node: LoadNode, of load: PendingLoad) {
        guard !node.plan.includes.isEmpty else { return settle(node, of: load) }
        guard tasks.allow(rows: load.rowCount, bytes: 0) else {
            return tasks.add(IncludeExpansionTask(node, of: load))
        }
        var expansion = IncludeExpansion(of: node)
        do {
            while try !expansion.look(steps: .max) {}
            attach(expansion, to: node, of: load)
        } catch {
            fail(load, error)
        }
    }

    func attach(_ expansion: IncludeExpansion, to node: LoadNode, of load: PendingLoad) {
        do {
            // Before they are made: there may be as many as a request may have rows.
            try requireRoom(forKeys: expansion.keyCount, of: load.client)
        } catch {
            return fail(load, error)
        }
        let children = expansion.children
        node.attach(children, firstRows: expansion.firstRows)
        for child in children {
            load.include(child.node)
            hold(child.byteCount, for: load)
            if child.node.missing > 0 { enlist(child.node, of: load) }
        }
        for child in children where child.node.missing == 0 { settle(child.node, of: load) }
    }

    /// A node has all its answers, and so have those of what it includes.
    func settle(_ node: LoadNode, of load: PendingLoad) {
        guard let parent = node.parent else { return complete(node, of: load) }
        parent.unfinishedChildren -= 1
        if parent.unfinishedChildren == 0 { settle(parent, of: load) }
    }

    // MARK: Replies

    /// All answers of a load are there. The reply is written now, in pieces, or when its client has read others.
    func complete(_ root: LoadNode, of load: PendingLoad) {
        if load.isAbandoned { return }
        var reply = LoadReply(root, of: load, limit: limits.maxReplyBytes)
        // What was answered at once has no rows.
        if load.isWaiting {
            guard load.client.hasRoom(for: load) else { return hold(load) }
            guard load.included.isEmpty else { return beginLongReply(reply, of: load) }
            guard tasks.allow(rows: load.rowCount, bytes: load.byteCount) else {
                return beginLongReply(reply, of: load)
            }
        }
        forget(load)
        // Each of many who waited for the same rows gets a copy, and the last of them may find no room for it.
        if memory.isFull { return load.client.reply(fullMemory, to: load.requestID) }
        load.client.reply(load.requestID) { reply.write(to: &$0) }
    }

    /// Writes it in pieces, of which the first is the whole of most. Only writing it tells how long a reply with
    /// includes is: rows that several others lead to stand there once for each.
    private func beginLongReply(_ reply: LoadReply, of load: PendingLoad) {
        guard !load.client.awaitsLongReply else { return hold(load) }
        let task = ReplyWriteTask(reply, of: load, memory: memory)
        if !tasks.isTurnFull, !load.included.isEmpty {
            let hasMore = task.runSlice(for: self)
            tasks.countDone(
                rows: hasMore ? tasks.limits.rowsInSlice : load.rowCount, bytes: task.byteCount)
            guard hasMore else { return }
        }
        isUndecided = true
        tasks.add(task)
    }

    private func hold(_ load: PendingLoad) {
        guard load.client.hold(load) else { return fail(load, Self.tooMuchUnread) }
        releaseKeys(of: load)
    }

    static let tooMuchUnread = Failure(
        .overloaded,
        "replies that this client has not read take more than limits.client_output_bytes; read them first")

    /// Its answers are all there: its keys wait for nothing more, and leave their place to others.
    private func releaseKeys(of load: PendingLoad) {
        guard !load.hasReleasedKeys else { return }
        load.hasReleasedKeys = true
        for node in [load.root].compactMap({ $0 }) + load.included where nodes[node.id] === node {
            keysOnTheirWay -= node.keys.count
            load.client.keysOnTheirWay -= node.keys.count
        }
    }

    func fail(_ load: PendingLoad, _ failure: Failure) {
        forget(load)
        if load.isAbandoned { return }
        load.client.reply(failure, to: load.requestID)
    }

    /// A load that was answered at once was never among those on their way.
    func forget(_ load: PendingLoad) {
        guard load.isWaiting else { return }
        load.isWaiting = false
        memory.update(&load.heldBytes, to: 0)
        waitingRequests -= 1
        load.client.settle(load)
        if let root = load.root { forget(root, of: load) }
        for node in load.included { forget(node, of: load) }
    }

    private func forget(_ node: LoadNode, of load: PendingLoad) {
        guard nodes.remove(node) else { return }
        if !load.hasReleasedKeys {
            keysOnTheirWay -= node.keys.count
            load.client.keysOnTheirWay -= node.keys.count
        }
        guard node.missing > 0 else { return }
        hasLostWaiters = true
        batcher.withdraw(node.id, keys: node.waitingKeys, of: node.plan.template.batchKey)
    }
}
