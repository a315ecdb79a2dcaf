import Batching
import Loading
import Relations
import Time

/// Looks at the engine after every event and at both ends of every turn, and knows by itself who waits
/// for what. Its own times are nanoseconds.
final class InvariantChecker {
    /// A key of a node that is in no query.
    struct Wait {
        let since: Int64
        let batchKey: BatchKey
        let key: Key
        /// It was in a query which gave no answer.
        let isRetry: Bool
    }

    private struct Submission {
        let record: LoadRecord
        let batchKey: BatchKey
        /// When all its answers must have come, if nothing goes wrong.
        var promise: Int64?
    }

    private unowned let simulation: Simulation
    private let config: SimulationConfig
    private var waits: [Waiter: Wait] = [:]
    private var submissions: [SubmissionID: Submission] = [:]
    private var lastNode: UInt64 = 0
    private var batchKeys: Set<BatchKey> = []
    /// When a relationship did not get the last connection, most lately.
    private var heldBack: [Int: Int64] = [:]
    /// Since when a free connection could have carried another query, without a break.
    private var openSince: Int64?
    private var probe = ConcurrencyProbe()

    init(_ simulation: Simulation, _ config: SimulationConfig) {
        self.simulation = simulation
        self.config = config
    }

    private var engine: Engine { simulation.engine }
    private var now: Int64 { simulation.clock.time }

    func waiters(of query: BatchQuery) -> [LoadRecord] {
        query.batch.allWaiters.compactMap {
            loads[$0.submission] == nil ? nil : submissions[$0.submission]?.record
        }
    }

    private func isOwed(_ waiter: Waiter) -> Bool {
        submissions[waiter.submission].map { $0.record.isOwed } ?? false
    }

    /// Of clients that are gone, and are still to be forgotten.
    private var parting: [PendingLoad] { pending.filter { $0.phase == .abandoned } }

    private var loads: LoadTable { engine.context.loads }

    private var pending: [PendingLoad] { loads.allNodes.filter { $0.parent == nil }.map(\.load) }

    private func isParting(_ waiter: Waiter) -> Bool {
        loads[waiter.submission].map { node in parting.contains { $0 === node.load } } ?? false
    }

    // MARK: Queries

    func started(_ query: BatchQuery) {
        noteNewNodes()
        let (batch, policy) = (query.batch, query.template.batchKey)
        simulation.note(
            "\(batch.keys.count) keys of \(query.template.relationship.name) are sent: \(batch.reason)")
        expect(engine.running.count <= config.slots, "more queries than connections")
        expect((1...policy.maxKeys).contains(batch.keys.count), "\(batch.keys.count) keys in a query")
        expect(Set(batch.keys).count == batch.keys.count, "a key stands twice in a query")
        let bytes = batch.keys.reduce(0) { $0 + $1.byteCount }
        expect(batch.keys.count == 1 || bytes <= config.batching.maxKeyBytes, "\(bytes) bytes of keys")
        for place in batch.keys.indices {
            // A batch that is asked again keeps its keys.
            let isWanted =
                batch.priorAttempts > 0
                || batch.waiters(of: place).contains { isOwed($0) || isParting($0) }
            expect(isWanted, "\(batch.keys[place]) is sent for nobody")
            for waiter in batch.waiters(of: place) {
                let wait = waits.removeValue(forKey: waiter)
                guard isOwed(waiter) else { continue }
                expect(wait?.key == batch.keys[place], "\(batch.keys[place]) is sent for who did not ask")
            }
        }
        probe.started(query, isAlone: engine.batcher.inFlight == 1)
    }

    func ended(_ query: BatchQuery, _ outcome: BatchQuery.Outcome) {
        probe.ended(query, outcome, at: now)
        let untold = Set(engine.undelivered)
        for place in query.batch.keys.indices {
            for waiter in query.batch.waiters(of: place) {
                guard !untold.contains(waiter), let node = loads[waiter.submission],
                    case .waiting = node.answers[waiter.position]
                else { continue }
                waits[waiter] = Wait(
                    since: now, batchKey: query.batch.batchKey, key: query.batch.keys[place], isRetry: true)
            }
        }
    }

    func killed(_ query: BatchQuery) {
        expect(
            query.needsNoMoreRows || !query.batch.allWaiters.contains(where: isOwed),
            "a query is killed that somebody needs")
    }

    // MARK: Moments

    private func noteNewNodes() {
        for node in loads.allNodes where node.id.number > lastNode { note(node) }
        lastNode = loads.allNodes.reduce(lastNode) { max($0, $1.id.number) }
    }

    /// Keys count as on their way until all answers of their load are there.
    private func checkKeys(of load: PendingLoad) {
        switch load.phase {
        case .new, .waiting:
            let keys = loads.allNodes.filter { $0.load === load }.reduce(0) { $0 + $1.keys.count }
            expect(load.countedKeys == keys, "\(load.countedKeys) keys of a load count, not \(keys)")
        case .held, .writing, .finished:
            expect(load.countedKeys == 0, "keys count of a load that has all answers")
        case .abandoned: break
        }
    }

    func afterEvent() {
        noteNewNodes()
        for load in pending { checkKeys(of: load) }
        let keys = pending.reduce(0) { $0 + $1.countedKeys }
        expect(loads.keyCount == keys, "\(loads.keyCount) keys on their way, not \(keys)")
        expect(keys <= config.limits.maxQueuedKeys, "\(keys) keys on their way")
        let clients = simulation.clients.map(\.queue.account.keysOnTheirWay)
        expect(clients.allSatisfy { $0 <= config.limits.maxClientKeys }, "a client has \(clients) keys")
        expect(clients.reduce(0, +) == keys, "keys of nobody's are on their way")
        let owed = simulation.clients.reduce(parting.count) { $0 + $1.queue.owed.count }
        expect(loads.count == owed, "\(loads.count) requests wait, \(owed) are owed")
        expect(engine.running.count == simulation.database.busySlots, "queries are running that are not")
    }

    /// Nothing has changed since the end of the last turn but the time.
    func beforeTurn() {
        checkWaits(latest: 0)
        checkPromises()
        checkKills()
        if !isOpen { openSince = nil }
    }

    /// All that happens at this moment has happened.
    func beforeDecision() {
        guard config.profile.isQuiet else { return }
        for node in loads.allNodes {
            guard let submission = submissions[node.id], submission.promise == nil else { continue }
            submissions[node.id]?.promise = promise(submission.batchKey)
        }
    }

    func afterTurn() {
        openSince = isOpen ? openSince ?? now : nil
        checkWaits(latest: 1)
        checkPromises()
        checkKills()
    }

    /// When nothing happens any more.
    func afterAll() {
        expect(loads.allNodes.isEmpty, "nodes are left")
        expect(loads.count == 0, "requests wait for ever")
        expect(engine.context.memory.bytes == 0, "\(engine.context.memory.bytes) bytes are held for ever")
        expect(loads.keyCount == 0, "keys are on their way for ever")
        expect(engine.batcher.queuedKeys == 0, "keys wait for ever")
        expect(engine.batcher.inFlight == 0 && engine.running.isEmpty, "queries without an end")
        expect(engine.context.counters.strayRows == 0, "rows of no key")
        for record in simulation.records {
            expect(record.state != .sent, "load \(record.number) is never answered")
        }
    }

    private func note(_ node: LoadNode) {
        guard let record = simulation.clients.lazy.compactMap({ $0.record(of: node.load) }).first else {
            return simulation.fault("a node of nobody's")
        }
        let batchKey = node.plan.template.batchKey
        batchKeys.insert(batchKey)
        for (position, key) in node.keys.enumerated() {
            guard let key else { continue }
            waits[Waiter(submission: node.id, position: position)] = Wait(
                since: now, batchKey: batchKey, key: key, isRetry: false)
        }
        submissions[node.id] = Submission(record: record, batchKey: batchKey)
    }

    // MARK: Waiting

    /// Batches that are full but for one of each batch key go before, and one that is in flight.
    private func promise(_ batchKey: BatchKey) -> Int64 {
        let fewest = batchKeys.reduce(batchKey.maxKeys) { min($0, $1.maxKeys) }
        let batches = engine.batcher.queuedKeys / fewest + batchKeys.count + 1
        return now + batchKey.window.nanoseconds + Int64(batches) * config.longestQuery
    }

    private func checkPromises() {
        guard config.profile.isQuiet else { return }
        for node in loads.allNodes where node.missing > 0 {
            guard let submission = submissions[node.id], let promise = submission.promise else { continue }
            expect(now <= promise, "load \(submission.record.number) starves")
        }
    }

    private var isOpen: Bool {
        simulation.database.hasFreeConnection
            && engine.batcher.inFlight < probe.limit(engine.batcher.inFlightLimit, at: now)
    }

    /// Nanoseconds after which a query may be overdue.
    private static let leastPatience = 20 * millisecond

    /// The last connection is not for relationships that have a query overdue.
    private func isHeldBack(_ relationship: Int) -> Bool {
        engine.batcher.inFlight == config.batching.maxInFlight - 1
            && engine.running.contains {
                $0.batch.batchKey.relationshipNumber == relationship
                    && now >= $0.batch.sentAt.nanoseconds + Self.leastPatience
            }
    }

    /// Who could have gone with a free connection for as long as the window is.
    /// - Parameter latest: nanoseconds before the end of the window.
    private func checkWaits(latest: Int64) {
        guard let openSince else { return }
        var counts: [BatchKey: Set<Key>] = [:]
        for (waiter, wait) in waits {
            guard loads[waiter.submission] != nil else {
                waits[waiter] = nil
                continue
            }
            let relationship = wait.batchKey.relationshipNumber
            if isHeldBack(relationship) {
                heldBack[relationship] = now
                continue
            }
            let end =
                max(wait.since, openSince, heldBack[relationship] ?? 0) + wait.batchKey.window.nanoseconds
            expect(now <= end - latest, "a key waits beyond its window")
            // The rest is decided at the end of a turn.
            guard latest > 0 else { continue }
            expect(!wait.isRetry, "a key that is asked again waits")
            let isIdle = !engine.running.contains { $0.batch.batchKey == wait.batchKey }
            expect(
                !isIdle || config.batching.isFrugal,
                "a key waits though no query of its batchKey is in flight")
            counts[wait.batchKey, default: []].insert(wait.key)
        }
        for (batchKey, keys) in counts { expect(keys.count < batchKey.maxKeys, "a full batch waits") }
    }

    /// Nanoseconds that a query goes on for nobody at most.
    private static let longestDeserted = 20 * millisecond

    private func checkKills() {
        for query in engine.running
        where !query.isKillRequested && now > query.batch.sentAt.nanoseconds + Self.longestDeserted {
            // Those of a client that is gone are forgotten in pieces.
            let isWanted = query.batch.allWaiters.contains { isOwed($0) || isParting($0) }
            expect(!query.needsNoMoreRows && isWanted, "a query goes on for nobody")
        }
    }

    private func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
        if !condition { simulation.fault(what()) }
    }
}
