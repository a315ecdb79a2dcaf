import Batching
import MariaDB
import Planning
import TestSupport

@testable import Service

/// The connections of a history and what is behind them. Its times and mishaps are drawn by lot.
final class SimulatedDatabase: Backend {
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
    private var lanes: [State]
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
        lanes = Array(repeating: .idle, count: setting.lanes)
    }

    private var agenda: Agenda { history.agenda }

    var connectedLanes: Int { lanes.count { if case .down = $0 { false } else { true } } }

    var serverStates: [(name: String, state: String)] { [] }

    var serverChanges: Int { 0 }

    var hasIdleLane: Bool { idleLane != nil }

    var busyLanes: Int { lanes.count { if case .busy = $0 { true } else { false } } }

    private var idleLane: Int? { lanes.firstIndex { if case .idle = $0 { true } else { false } } }

    // MARK: Queries

    func run(_ job: Job) {
        guard let lane = idleLane else { return history.fault("a query needs an idle lane") }
        history.inspector.started(job)
        do {
            let query = try SQLReader.query(job.statement.sql)
            let flight = flight(job, lane, query)
            lanes[lane] = .busy(flight)
            let time = duration(keys: query.keys.count)
            agenda.add(.rows(flight), after: random.time(0...time))
            agenda.add(.end(flight), after: time)
        } catch {
            history.fault("unreadable: \(String(decoding: job.statement.sql, as: UTF8.self)), at \(error)")
        }
    }

    private func duration(keys: Int) -> Int64 {
        let costs = setting.costs
        let lock = random.chance(setting.mishaps.lock) ? random.time(10 * millisecond...300 * millisecond) : 0
        return costs.base + Int64(keys) * costs.perKey + random.time(0...costs.jitter) + lock
    }

    private func flight(_ job: Job, _ lane: Int, _ query: Query) -> Flight {
        let rows = query.rows(in: shop, &random)
        let isPoisoned = query.keys.contains { shop.isPoison(query.table, query.column, $0) }
        let outcome = outcome(isPoisoned: isPoisoned)
        if case .complete = outcome { return Flight(job, lane: lane, rows: rows, last: rows.count, outcome) }
        if case .changedColumns = outcome { return Flight(job, lane: lane, rows: [], last: 0, outcome) }
        let last = random.chance(0.5) ? 0 : random.number(0...rows.count)
        return Flight(job, lane: lane, rows: rows, last: last, outcome)
    }

    private func outcome(isPoisoned: Bool) -> Job.Outcome {
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

    private func end(_ flight: Flight, _ outcome: Job.Outcome) {
        flight.hasEnded = true
        switch outcome {
        case .failed(let error) where error.kind != .statement: lanes[flight.lane] = .down
        case .changedColumns: lanes[flight.lane] = .down
        case .complete, .failed: lanes[flight.lane] = flight.isBeingKilled ? .recovering(flight) : .idle
        }
        if case .down = lanes[flight.lane] { reconnect(flight.lane) }
        history.note("\(flight.job.batch.keys.count) keys end: \(outcome)")
        blame(flight, outcome)
        history.engine.finished(flight.job, outcome)
        history.inspector.ended(flight.job, outcome)
    }

    /// Notes which loads may get an error for this.
    private func blame(_ flight: Flight, _ outcome: Job.Outcome) {
        let isLostForGood = flight.sentRows > 0 || flight.job.batch.attempts > 0
        for record in history.inspector.askers(of: flight.job) {
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

    func kill(_ job: Job) {
        history.inspector.killed(job)
        for case .busy(let flight) in lanes where flight.job === job {
            history.note("a query is to be killed")
            flight.isBeingKilled = true
            agenda.add(.kill(flight), after: random.time(0...2 * millisecond))
        }
    }

    func kill(_ flight: Flight) {
        flight.isBeingKilled = false
        if case .recovering(let own) = lanes[flight.lane], own === flight {
            lanes[flight.lane] = .idle
        } else if !flight.hasEnded {
            end(flight, .failed(Self.statement(Self.interrupted)))
        }
    }

    // MARK: Connections

    private func reconnect(_ lane: Int) {
        agenda.add(.connect(lane: lane), after: random.time(0...5 * millisecond))
    }

    func crash(duration: Int64) {
        history.note("the database is gone for \(duration / microsecond) us")
        brokenUntil = agenda.now + duration
        for lane in lanes.indices {
            switch lanes[lane] {
            case .down: break
            case .idle, .recovering:
                lanes[lane] = .down
                reconnect(lane)
            case .busy(let flight): end(flight, .failed(Self.loss))
            }
        }
    }

    func connect(lane: Int) {
        guard case .down = lanes[lane] else { return history.fault("a lane connects that is not down") }
        if agenda.now < brokenUntil {
            reconnect(lane)
            return refused()
        }
        lanes[lane] = .idle
        guard outage != nil else { return }
        outage = nil
        history.engine.databaseReturned()
    }

    private func refused() {
        guard connectedLanes == 0 else { return }
        let error = DatabaseError(errno: 2002, message: "nobody listens", kind: .unreachable)
        outage = error
        for record in history.records where record.state == .sent { record.sawOutage = true }
        history.engine.databaseLost(error)
    }
}
