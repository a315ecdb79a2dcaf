import Batching
import Relations

@testable import Service

/// Looks at the engine after every event and at both ends of every turn, and knows by itself who waits
/// for what. Its own times are nanoseconds.
final class Inspector {
    /// A key of a ticket that is in no query.
    struct Wait {
        let since: Int64
        let shape: Shape
        let key: Key
        /// It was in a query which gave no answer.
        let isRetry: Bool
    }

    private struct Waiter {
        let record: LoadRecord
        let shape: Shape
        /// When all its answers must have come, if nothing goes wrong.
        var promise: Int64?
    }

    private unowned let history: History
    private let setting: Setting
    private var waits: [Asker: Wait] = [:]
    private var waiters: [TicketID: Waiter] = [:]
    private var lastTicket: UInt64 = 0
    private var shapes: Set<Shape> = []
    /// When a relationship did not get the last connection, most lately.
    private var heldBack: [Int: Int64] = [:]
    /// Since when a free connection could have carried another query, without a break.
    private var openSince: Int64?
    private var probe = Probe()

    init(_ history: History, _ setting: Setting) {
        self.history = history
        self.setting = setting
    }

    private var engine: Engine { history.engine }
    private var now: Int64 { history.agenda.now }

    func askers(of job: Job) -> [LoadRecord] {
        job.batch.allAskers.compactMap { engine.tickets[$0.ticket] == nil ? nil : waiters[$0.ticket]?.record }
    }

    private func isOwed(_ asker: Asker) -> Bool {
        waiters[asker.ticket].map { $0.record.state == .sent } ?? false
    }

    /// Of clients that are gone, and are still to be forgotten.
    private var parting: [PendingLoad] {
        engine.chores.all.compactMap { $0 as? FarewellChore }.flatMap(\.loads).filter(\.isWaiting)
    }

    private func isParting(_ asker: Asker) -> Bool {
        engine.tickets[asker.ticket].map { ticket in parting.contains { $0 === ticket.load } } ?? false
    }

    // MARK: Queries

    func started(_ job: Job) {
        noteNewTickets()
        let (batch, policy) = (job.batch, job.route.shape)
        history.note("\(batch.keys.count) keys of \(job.route.relationship.name) are sent: \(batch.release)")
        expect(engine.running.count <= setting.lanes, "more queries than connections")
        expect((1...policy.maxKeys).contains(batch.keys.count), "\(batch.keys.count) keys in a query")
        expect(Set(batch.keys).count == batch.keys.count, "a key stands twice in a query")
        let bytes = batch.keys.reduce(0) { $0 + $1.byteCount }
        expect(batch.keys.count == 1 || bytes <= setting.batching.maxKeyBytes, "\(bytes) bytes of keys")
        for place in batch.keys.indices {
            // A batch that is asked again keeps its keys.
            let isWanted =
                batch.attempts > 0
                || batch.askers(of: place).contains { isOwed($0) || isParting($0) }
            expect(isWanted, "\(batch.keys[place]) is sent for nobody")
            for asker in batch.askers(of: place) {
                let wait = waits.removeValue(forKey: asker)
                guard isOwed(asker) else { continue }
                expect(wait?.key == batch.keys[place], "\(batch.keys[place]) is sent for who did not ask")
            }
        }
        probe.started(job, isAlone: engine.batcher.inFlight == 1)
    }

    func ended(_ job: Job, _ outcome: Job.Outcome) {
        probe.ended(job, outcome, at: now)
        let untold = Set(engine.chores.all.compactMap { $0 as? NewsChore }.flatMap(\.untold))
        for place in job.batch.keys.indices {
            for asker in job.batch.askers(of: place) {
                guard !untold.contains(asker), let ticket = engine.tickets[asker.ticket],
                    case .waiting = ticket.answers[asker.position]
                else { continue }
                waits[asker] = Wait(
                    since: now, shape: job.batch.shape, key: job.batch.keys[place], isRetry: true)
            }
        }
    }

    func killed(_ job: Job) {
        expect(
            job.isOver || !job.batch.allAskers.contains(where: isOwed),
            "a query is killed that somebody needs")
    }

    // MARK: Moments

    private func noteNewTickets() {
        for ticket in engine.tickets.all where ticket.id.number > lastTicket { note(ticket) }
        lastTicket = engine.tickets.all.reduce(lastTicket) { max($0, $1.id.number) }
    }

    func afterEvent() {
        noteNewTickets()
        let keys = engine.tickets.all.filter { !$0.load.hasReleasedKeys }.reduce(0) { $0 + $1.keys.count }
        expect(engine.keysOnTheirWay == keys, "\(engine.keysOnTheirWay) keys on their way, not \(keys)")
        expect(keys <= setting.limits.maxQueuedKeys, "\(keys) keys on their way")
        let clients = history.clients.map(\.keysOnTheirWay)
        expect(clients.allSatisfy { $0 <= setting.limits.maxClientKeys }, "a client has \(clients) keys")
        expect(clients.reduce(0, +) == keys, "keys of nobody's are on their way")
        let owed = history.clients.reduce(parting.count) { $0 + $1.owed.count }
        expect(engine.waitingRequests == owed, "\(engine.waitingRequests) requests wait, \(owed) are owed")
        expect(engine.running.count == history.database.busyLanes, "queries are running that are not")
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
        guard setting.weather.isQuiet else { return }
        for ticket in engine.tickets.all {
            guard let waiter = waiters[ticket.id], waiter.promise == nil else { continue }
            waiters[ticket.id]?.promise = promise(waiter.shape)
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
        expect(engine.tickets.all.isEmpty, "tickets are left")
        expect(engine.waitingRequests == 0, "requests wait for ever")
        expect(engine.memory.bytes == 0, "\(engine.memory.bytes) bytes are held for ever")
        expect(engine.keysOnTheirWay == 0, "keys are on their way for ever")
        expect(engine.batcher.queuedKeys == 0, "keys wait for ever")
        expect(engine.batcher.inFlight == 0 && engine.running.isEmpty, "queries without an end")
        expect(engine.counters.strayRows == 0, "rows of no key")
        for record in history.records {
            expect(record.state != .sent, "load \(record.number) is never answered")
        }
    }

    private func note(_ ticket: Ticket) {
        guard let record = (ticket.load.client as? SimulatedClient)?.record(of: ticket.load) else {
            return history.fault("a ticket of nobody's")
        }
        let shape = ticket.level.route.shape
        shapes.insert(shape)
        for (position, key) in ticket.keys.enumerated() {
            guard let key else { continue }
            waits[Asker(ticket: ticket.id, position: position)] = Wait(
                since: now, shape: shape, key: key, isRetry: false)
        }
        waiters[ticket.id] = Waiter(record: record, shape: shape)
    }

    // MARK: Waiting

    /// Batches that are full but for one of each shape go before, and one that is in flight.
    private func promise(_ shape: Shape) -> Int64 {
        let fewest = shapes.reduce(shape.maxKeys) { min($0, $1.maxKeys) }
        let batches = engine.batcher.queuedKeys / fewest + shapes.count + 1
        return now + shape.window + Int64(batches) * setting.longestQuery
    }

    private func checkPromises() {
        guard setting.weather.isQuiet else { return }
        for ticket in engine.tickets.all where ticket.missing > 0 {
            guard let waiter = waiters[ticket.id], let promise = waiter.promise else { continue }
            expect(now <= promise, "load \(waiter.record.number) starves")
        }
    }

    private var isOpen: Bool {
        history.database.hasIdleLane
            && engine.batcher.inFlight < probe.limit(engine.batcher.inFlightLimit, at: now)
    }

    /// Nanoseconds after which a query may be overdue.
    private static let leastPatience = 20 * millisecond

    /// The last connection is not for relationships that have a query overdue.
    private func isHeldBack(_ relationship: Int) -> Bool {
        engine.batcher.inFlight == setting.batching.maxInFlight - 1
            && engine.running.contains {
                $0.batch.shape.relationship == relationship
                    && now >= $0.batch.sent.nanoseconds + Self.leastPatience
            }
    }

    /// Who could have gone with a free connection for as long as the window is.
    /// - Parameter latest: nanoseconds before the end of the window.
    private func checkWaits(latest: Int64) {
        guard let openSince else { return }
        var counts: [Shape: Set<Key>] = [:]
        for (asker, wait) in waits {
            guard engine.tickets[asker.ticket] != nil else {
                waits[asker] = nil
                continue
            }
            let relationship = wait.shape.relationship
            if isHeldBack(relationship) {
                heldBack[relationship] = now
                continue
            }
            let end = max(wait.since, openSince, heldBack[relationship] ?? 0) + wait.shape.window
            expect(now <= end - latest, "a key waits beyond its window")
            // The rest is decided at the end of a turn.
            guard latest > 0 else { continue }
            expect(!wait.isRetry, "a key that is asked again waits")
            let isIdle = !engine.running.contains { $0.batch.shape == wait.shape }
            expect(
                !isIdle || setting.batching.isFrugal, "a key waits though no query of its shape is in flight")
            counts[wait.shape, default: []].insert(wait.key)
        }
        for (shape, keys) in counts { expect(keys.count < shape.maxKeys, "a full batch waits") }
    }

    /// Nanoseconds that a query goes on for nobody at most.
    private static let longestDeserted = 20 * millisecond

    private func checkKills() {
        for job in engine.running
        where !job.isKilled && now > job.batch.sent.nanoseconds + Self.longestDeserted {
            // Those of a client that is gone are forgotten in pieces.
            let isWanted = job.batch.allAskers.contains { isOwed($0) || isParting($0) }
            expect(!job.isOver && isWanted, "a query goes on for nobody")
        }
    }

    private func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
        if !condition { history.fault(what()) }
    }
}
