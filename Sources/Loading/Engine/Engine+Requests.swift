import Batching
package import Relations
import Time
package import Wire

// What clients ask for, and give up.

extension Engine {
    // MARK: Requests

    /// Replies at once if no query is needed or none is possible; otherwise the client is owed a reply.
    /// - Parameter bytes: the length of the request's line.
    package func submit(_ load: Load, id: RequestID?, bytes: Int, from queue: ReplyQueue) {
        do {
            try admit(load, id: id, bytes: bytes, from: queue)
        } catch {
            queue.reply(error, to: id)
        }
        // Even a load that was refused, or needed no query, may have left a template behind.
        if templates.isFull { prune() }
    }

    private func admit(_ load: Load, id: RequestID?, bytes: Int, from queue: ReplyQueue) throws(Failure) {
        let plan = try LoadPlanner(templates: templates, account: queue.account).plan(of: load)
        let (keys, answers) = try plan.read(load.keys, load.positions)
        let timeout = self.timeout(of: load)
        let pending = PendingLoad(
            queue: queue, requestID: id, isList: load.keys.isList,
            deadline: timeout.isSetByClient ? now + timeout.span : nil)
        let node = LoadNode(plan: plan, load: pending, keys: keys, answers: answers)
        pending.begin(node)
        guard node.missing > 0 else { return complete(node, of: pending) }
        try requireRoom(forKeys: node.keys.count, of: queue.account)
        // Keys and filters are as long as the line at most.
        loads.begin(pending, bytes: bytes + node.keys.count * LoadNode.bytesPerKey)
        queue.add(pending)
        enqueue(node, of: pending)
        deadlines.add(
            .init(time: now + timeout.span, node: node.id, isSetByClient: timeout.isSetByClient))
        // Deadlines of requests that were answered may stand behind one that still applies.
        if deadlines.count > 2 * loads.count + Self.maxSpareDeadlines { deadlines.prune(where: stillApplies) }
    }

    private static let maxSpareDeadlines = 1024

    private func timeout(of load: Load) -> (span: TimeSpan, isSetByClient: Bool) {
        let longest = context.limits.requestTimeout
        guard let asked = load.timeoutMilliseconds.map({ TimeSpan.milliseconds($0) }), asked <= longest else {
            return (longest, false)
        }
        return (asked, true)
    }

    func requireRoom(forKeys count: Int, of account: ClientAccount) throws(Failure) {
        if let outage = runner?.outage { throw Self.unavailable(outage) }
        let limits = context.limits
        guard loads.keyCount + count <= limits.maxQueuedKeys else {
            throw Failure(
                .overloaded,
                "\(loads.keyCount) keys are waiting, batching.max_queued_keys is \(limits.maxQueuedKeys); try again"
            )
        }
        if context.memory.isFull { throw context.fullMemory }
        try account.requireRoom(forKeys: count, limit: limits.maxClientKeys)
    }

    /// Has the node's keys wait with those of everybody who asks for the same rows of the same relationship.
    func enqueue(_ node: LoadNode, of load: PendingLoad) {
        needsDecision = true
        loads.insert(node, of: load)
        let template = node.plan.template
        templates.keep(template)
        submit(node, of: load)
        counters.keysAsked += node.missing
        template.counters.keysAsked += node.missing
    }

    private func submit(_ node: LoadNode, of load: PendingLoad) {
        let batchKey = node.plan.template.batchKey
        let (account, deadline) = (load.queue.account, load.deadline)
        switch node.keys {
        case .one(let key?):
            batcher.submit(
                key, of: batchKey, for: node.id, share: &account.share, deadline: deadline, at: now)
        case .one(nil): break
        case .many(let keys):
            batcher.submit(
                keys, of: batchKey, for: node.id, share: &account.share, deadline: deadline, at: now)
        }
    }

    // MARK: Giving up

    /// The load gets this error for a reply.
    func fail(_ load: PendingLoad, _ failure: Failure) {
        withdraw(load)
        load.queue.fail(load, failure)
    }

    /// Takes a load of a client that is gone out of everything, if nothing else has ended it since.
    func forget(_ load: PendingLoad) {
        guard load.phase == .abandoned else { return }
        withdraw(load)
        loads.finish(load)
    }

    private func withdraw(_ load: PendingLoad) {
        if let root = load.root { withdraw(root) }
        for node in load.included { withdraw(node) }
    }

    private func withdraw(_ node: LoadNode) {
        guard node.missing > 0, loads[node.id] === node else { return }
        hasLostWaiters = true
        batcher.withdraw(node.id, keys: node.waitingKeys, of: node.plan.template.batchKey)
    }

    /// Gives up the loads of a client that is gone.
    /// - Parameter loads: what its ``ReplyQueue/close()`` has returned.
    package func abandon(_ loads: [PendingLoad]) {
        guard !loads.isEmpty else { return }
        // Rows may come for them before they are forgotten.
        for load in loads { load.move(to: .abandoned) }
        let cleanup = DisconnectCleanup(loads, engine: self)
        needsDecision = true
        if cleanup.runSlice(rows: tasks.limits.rowsInSlice) { tasks.add(cleanup) }
    }

    /// Gives up a client's requests of that id.
    /// - Returns: whether there were any.
    package func cancel(_ target: RequestID, from queue: ReplyQueue) -> Bool {
        let found = queue.owed.filter { $0.requestID == target }
        for load in found {
            fail(load, Failure(.cancelled, "given up by the client's own request"))
        }
        return !found.isEmpty
    }

    /// Replies with this error to all loads that wait.
    package func failAll(_ failure: Failure) {
        let waiting = loads.allNodes.filter { $0.parent == nil }.map(\.load)
        for load in waiting { fail(load, failure) }
    }
}
