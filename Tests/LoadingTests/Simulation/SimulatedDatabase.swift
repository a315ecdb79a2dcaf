import Batching
import Loading
import Planning
import TestSupport

/// The connections of a simulation and what is behind them. Its times and faults are drawn by lot.
final class SimulatedDatabase: QueryRunner {
    private enum State {
        case down, idle
        case busy(SimulatedQuery)
        /// The query has ended, but the server may still be told to stop it.
        case recovering(SimulatedQuery)
    }

    /// The error of a query with a key that makes every query fail.
    static let poisoned: UInt32 = 1690
    private static let interrupted: UInt32 = 1317
    private static let tooSlow: UInt32 = 1969
    private static let loss = QueryFailure(
        .connectionLost, errno: 2013, message: "lost", description: "2013: lost")

    private(set) var outage: QueryFailure?
    private var slots: [State]
    /// Until then no connection comes about.
    private var brokenUntil: Int64 = 0
    private var random: SeededGenerator
    private let tables: SimulatedTables
    private let config: SimulationConfig
    private unowned let simulation: Simulation

    init(_ simulation: Simulation, _ config: SimulationConfig, _ tables: SimulatedTables, seed: UInt64) {
        self.simulation = simulation
        self.config = config
        self.tables = tables
        random = SeededGenerator(seed: seed)
        slots = Array(repeating: .idle, count: config.slots)
    }

    private var clock: SimulatedClock { simulation.clock }

    var openConnections: Int { slots.count { if case .down = $0 { false } else { true } } }

    var hasFreeConnection: Bool { idleSlot != nil }

    var busySlots: Int { slots.count { if case .busy = $0 { true } else { false } } }

    private var idleSlot: Int? { slots.firstIndex { if case .idle = $0 { true } else { false } } }

    // MARK: Queries

    func run(_ query: BatchQuery) {
        guard let slot = idleSlot else { return simulation.fault("a query needs an idle slot") }
        simulation.checker.started(query)
        do {
            let parsed = try SQLReader.query(query.statement.sql)
            let flight = flight(query, slot, parsed)
            slots[slot] = .busy(flight)
            let time = duration(keys: parsed.keys.count)
            clock.add(.rows(flight), after: random.time(0...time))
            clock.add(.end(flight), after: time)
        } catch {
            simulation.fault(
                "unreadable: \(String(decoding: query.statement.sql, as: UTF8.self)), at \(error)")
        }
    }

    private func duration(keys: Int) -> Int64 {
        let costs = config.costs
        let lock = random.chance(config.faults.lock) ? random.time(10 * millisecond...300 * millisecond) : 0
        return costs.base + Int64(keys) * costs.perKey + random.time(0...costs.jitter) + lock
    }

    private func flight(_ query: BatchQuery, _ slot: Int, _ parsed: Query) -> SimulatedQuery {
        let rows = parsed.rows(in: tables, &random)
        let isPoisoned = parsed.keys.contains { tables.isPoison(parsed.table, parsed.column, $0) }
        let outcome = outcome(isPoisoned: isPoisoned)
        if case .complete = outcome {
            return SimulatedQuery(query, slot: slot, rows: rows, last: rows.count, outcome)
        }
        if case .changedColumns = outcome {
            return SimulatedQuery(query, slot: slot, rows: [], last: 0, outcome)
        }
        let last = random.chance(0.5) ? 0 : random.number(0...rows.count)
        return SimulatedQuery(query, slot: slot, rows: rows, last: last, outcome)
    }

    private func outcome(isPoisoned: Bool) -> BatchQuery.Outcome {
        let faults = config.faults
        if random.chance(faults.lost) { return .failed(Self.loss) }
        if random.chance(faults.changedColumns) { return .changedColumns }
        if random.chance(faults.refused) { return .failed(Self.refusal(Self.tooSlow, .moment)) }
        if isPoisoned { return .failed(Self.refusal(Self.poisoned, .keys)) }
        return .complete
    }

    private static func refusal(_ errno: UInt32, _ scope: ErrorScope) -> QueryFailure {
        QueryFailure(.refused(scope), errno: errno, message: "refused", description: "\(errno): refused")
    }

    func sendRows(_ flight: SimulatedQuery) {
        if !flight.hasEnded { flight.sendRows(half: true) }
    }

    func end(_ flight: SimulatedQuery) {
        guard !flight.hasEnded else { return }
        flight.sendRows(half: false)
        end(flight, flight.outcome)
    }

    private func end(_ flight: SimulatedQuery, _ outcome: BatchQuery.Outcome) {
        flight.hasEnded = true
        switch outcome {
        case .failed(let failure) where !failure.isRefusal: slots[flight.slot] = .down
        case .changedColumns: slots[flight.slot] = .down
        case .complete, .failed: slots[flight.slot] = flight.isBeingKilled ? .recovering(flight) : .idle
        }
        if case .down = slots[flight.slot] { reconnect(flight.slot) }
        simulation.note("\(flight.query.batch.keys.count) keys end: \(outcome)")
        blame(flight, outcome)
        simulation.engine.finished(flight.query, outcome)
        simulation.checker.ended(flight.query, outcome)
    }

    /// Notes which loads may get an error for this.
    private func blame(_ flight: SimulatedQuery, _ outcome: BatchQuery.Outcome) {
        let isLostForGood = flight.sentRows > 0 || flight.query.batch.priorAttempts > 0
        for record in simulation.checker.waiters(of: flight.query) {
            switch outcome {
            case .complete: break
            case .changedColumns: record.isCutOff = true
            case .failed(let failure) where failure.isRefusal:
                if failure.errno == Self.tooSlow { record.refusals.insert(failure.errno) }
            case .failed: if isLostForGood { record.isCutOff = true }
            }
        }
    }

    // MARK: Kills

    func kill(_ query: BatchQuery) {
        simulation.checker.killed(query)
        for case .busy(let flight) in slots where flight.query === query {
            simulation.note("a query is to be killed")
            flight.isBeingKilled = true
            clock.add(.kill(flight), after: random.time(0...2 * millisecond))
        }
    }

    func kill(_ flight: SimulatedQuery) {
        flight.isBeingKilled = false
        if case .recovering(let own) = slots[flight.slot], own === flight {
            slots[flight.slot] = .idle
        } else if !flight.hasEnded {
            end(flight, .failed(Self.refusal(Self.interrupted, .moment)))
        }
    }

    // MARK: Connections

    private func reconnect(_ slot: Int) {
        clock.add(.connect(slot: slot), after: random.time(0...5 * millisecond))
    }

    func crash(duration: Int64) {
        simulation.note("the database is gone for \(duration / microsecond) us")
        brokenUntil = clock.time + duration
        for slot in slots.indices {
            switch slots[slot] {
            case .down: break
            case .idle, .recovering:
                slots[slot] = .down
                reconnect(slot)
            case .busy(let flight): end(flight, .failed(Self.loss))
            }
        }
    }

    func connect(slot: Int) {
        guard case .down = slots[slot] else { return simulation.fault("a slot connects that is not down") }
        if clock.time < brokenUntil {
            reconnect(slot)
            return refused()
        }
        slots[slot] = .idle
        guard outage != nil else { return }
        outage = nil
        simulation.engine.databaseReturned()
    }

    private func refused() {
        guard openConnections == 0 else { return }
        let failure = QueryFailure(
            .noConnection, errno: 2002, message: "nobody listens", description: "2002: nobody listens")
        outage = failure
        for record in simulation.records where record.isOwed { record.sawOutage = true }
        simulation.engine.databaseLost(failure)
    }
}

extension QueryFailure {
    /// Whether the connection is still good.
    fileprivate var isRefusal: Bool { if case .refused = cause { true } else { false } }
}
