import Batching
import MariaDB
import Planning
import TestSupport

@testable import Service

/// The connections of a history and what is behind them. Its times and mishaps are drawn by lot.
final class SimulatedDatabase: QueryRunner {
    private enum State {
        case down, idle
        case busy(Flight)
        /// The query has ended, but the server may still be told to stop it.
        case recovering(Flight)
    }

    /// The error of a query with a key that makes every query fail.
    static let poisoned: UInt32 = 1690
    private static let interrupted: UInt32 = 1317
    private static let tooSlow: UInt32 = 1969
    private static let loss = DatabaseError(errno: 2013, message: "lost", kind: .connectionLost)

    private(set) var outage: DatabaseError?
    private var slots: [State]
    /// Until then no connection comes about.
    private var brokenUntil: Int64 = 0
    private var random: SeededGenerator
    private let shop: Shop
    private let setting: Setting
    private unowned let history: History

    init(_ history: History, _ setting: Setting, _ shop: Shop, seed: UInt64) {
        self.history = history
        self.setting = setting
        self.shop = shop
        random = SeededGenerator(seed: seed)
        slots = Array(repeating: .idle, count: setting.slots)
    }

    private var agenda: Agenda { history.agenda }

    var openConnections: Int { slots.count { if case .down = $0 { false } else { true } } }

    var serverStates: [(name: String, state: String)] { [] }

    var serverChanges: Int { 0 }

    var hasFreeConnection: Bool { idleSlot != nil }

    var busySlots: Int { slots.count { if case .busy = $0 { true } else { false } } }

    private var idleSlot: Int? { slots.firstIndex { if case .idle = $0 { true } else { false } } }

    // MARK: Queries

    func run(_ query: BatchQuery) {
        guard let slot = idleSlot else { return history.fault("a query needs an idle slot") }
        history.inspector.started(query)
        do {
            let parsed = try SQLReader.query(query.statement.sql)
            let flight = flight(query, slot, parsed)
            slots[slot] = .busy(flight)
            let time = duration(keys: parsed.keys.count)
            agenda.add(.rows(flight), after: random.time(0...time))
            agenda.add(.end(flight), after: time)
        } catch {
            history.fault("unreadable: \(String(decoding: query.statement.sql, as: UTF8.self)), at \(error)")
        }
    }

    private func duration(keys: Int) -> Int64 {
        let costs = setting.costs
        let lock = random.chance(setting.mishaps.lock) ? random.time(10 * millisecond...300 * millisecond) : 0
        return costs.base + Int64(keys) * costs.perKey + random.time(0...costs.jitter) + lock
    }

    private func flight(_ query: BatchQuery, _ slot: Int, _ parsed: Query) -> Flight {
        let rows = parsed.rows(in: shop, &random)
        let isPoisoned = parsed.keys.contains { shop.isPoison(parsed.table, parsed.column, $0) }
        let outcome = outcome(isPoisoned: isPoisoned)
        if case .complete = outcome {
            return Flight(query, slot: slot, rows: rows, last: rows.count, outcome)
        }
        if case .changedColumns = outcome { return Flight(query, slot: slot, rows: [], last: 0, outcome) }
        let last = random.chance(0.5) ? 0 : random.number(0...rows.count)
        return Flight(query, slot: slot, rows: rows, last: last, outcome)
    }

    private func outcome(isPoisoned: Bool) -> BatchQuery.Outcome {
        let mishaps = setting.mishaps
        if random.chance(mishaps.lost) { return .failed(Self.loss) }
        if random.chance(mishaps.changedColumns) { return .changedColumns }
        if random.chance(mishaps.refused) { return .failed(Self.statement(Self.tooSlow)) }
        if isPoisoned { return .failed(Self.statement(Self.poisoned)) }
        return .complete
    }

    private static func statement(_ errno: UInt32) -> DatabaseError {
        DatabaseError(errno: errno, message: "refused", kind: .statement)
    }

    func sendRows(_ flight: Flight) {
        if !flight.hasEnded { flight.sendRows(half: true) }
    }

    func end(_ flight: Flight) {
        guard !flight.hasEnded else { return }
        flight.sendRows(half: false)
        end(flight, flight.outcome)
    }

    private func end(_ flight: Flight, _ outcome: BatchQuery.Outcome) {
        flight.hasEnded = true
        switch outcome {
        case .failed(let error) where error.kind != .statement: slots[flight.slot] = .down
        case .changedColumns: slots[flight.slot] = .down
        case .complete, .failed: slots[flight.slot] = flight.isBeingKilled ? .recovering(flight) : .idle
        }
        if case .down = slots[flight.slot] { reconnect(flight.slot) }
        history.note("\(flight.query.batch.keys.count) keys end: \(outcome)")
        blame(flight, outcome)
        history.engine.finished(flight.query, outcome)
        history.inspector.ended(flight.query, outcome)
    }

    /// Notes which loads may get an error for this.
    private func blame(_ flight: Flight, _ outcome: BatchQuery.Outcome) {
        let isLostForGood = flight.sentRows > 0 || flight.query.batch.attempts > 0
        for record in history.inspector.waiters(of: flight.query) {
            switch outcome {
            case .complete: break
            case .changedColumns: record.isCutOff = true
            case .failed(let error) where error.kind == .statement:
                if error.errno == Self.tooSlow { record.refusals.insert(error.errno) }
            case .failed: if isLostForGood { record.isCutOff = true }
            }
        }
    }

    // MARK: Kills

    func kill(_ query: BatchQuery) {
        history.inspector.killed(query)
        for case .busy(let flight) in slots where flight.query === query {
            history.note("a query is to be killed")
            flight.isBeingKilled = true
            agenda.add(.kill(flight), after: random.time(0...2 * millisecond))
        }
    }

    func kill(_ flight: Flight) {
        flight.isBeingKilled = false
        if case .recovering(let own) = slots[flight.slot], own === flight {
            slots[flight.slot] = .idle
        } else if !flight.hasEnded {
            end(flight, .failed(Self.statement(Self.interrupted)))
        }
    }

    // MARK: Connections

    private func reconnect(_ slot: Int) {
        agenda.add(.connect(slot: slot), after: random.time(0...5 * millisecond))
    }

    func crash(duration: Int64) {
        history.note("the database is gone for \(duration / microsecond) us")
        brokenUntil = agenda.now + duration
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
        guard case .down = slots[slot] else { return history.fault("a slot connects that is not down") }
        if agenda.now < brokenUntil {
            reconnect(slot)
            return refused()
        }
        slots[slot] = .idle
        guard outage != nil else { return }
        outage = nil
        history.engine.databaseReturned()
    }

    private func refused() {
        guard openConnections == 0 else { return }
        let error = DatabaseError(errno: 2002, message: "nobody listens", kind: .unreachable)
        outage = error
        for record in history.records where record.state == .sent { record.sawOutage = true }
        history.engine.databaseLost(error)
    }
}
