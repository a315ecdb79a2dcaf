import Batching
import Loading
import Relations
import TestSupport
import Time
import Wire

/// One run of the engine, from a seed: clients, a database and a clock that are not real, and what happens.
final class Simulation {
    let config: SimulationConfig
    let clock: SimulatedClock
    let engine: Engine
    private(set) lazy var database = SimulatedDatabase(self, config, tables, seed: databaseSeed)
    private(set) lazy var checker = InvariantChecker(self, config)
    private(set) var oracle: ReplyOracle
    private(set) var records: [LoadRecord] = []
    private(set) var clients: [SimulatedClient] = []
    private let trace: TraceLog
    private let tables: SimulatedTables
    private let databaseSeed: UInt64
    private var random: SeededGenerator

    /// What went wrong in the simulation of this seed, with all that happened in it; nil if nothing did.
    static func fault(_ profile: FaultProfile, seed: UInt64) -> String? {
        guard Simulation(profile, seed: seed, TraceLog(isKept: false)).run().fault != nil else { return nil }
        let trace = Simulation(profile, seed: seed, TraceLog(isKept: true)).run()
        let story = trace.lines.joined(separator: "\n")
        return "profile \(profile), seed \(seed): \(trace.fault ?? "not the second time")\n\(story)"
    }

    private init(_ profile: FaultProfile, seed: UInt64, _ trace: TraceLog) {
        random = SeededGenerator(seed: seed)
        self.trace = trace
        config = SimulationConfig(profile, &random)
        tables = SimulatedTables(longestText: random.pick(10, 60), poison: config.faults.poison, &random)
        databaseSeed = random.next()
        clock = SimulatedClock(start: config.start)
        let templates = QueryTemplates()
        templates.install(SimulatedTables.catalog, config.templates)
        engine = Engine(
            clock: clock, templates: templates, batching: config.batching, limits: config.limits,
            tasks: config.tasks, replies: config.replies)
        oracle = ReplyOracle(
            limits: config.limits, replyLimits: config.replies, clock: clock, trace: trace)
    }

    func note(_ line: @autoclosure () -> String) { trace.note(at: clock.time, line()) }

    func fault(_ what: String) { trace.fault(at: clock.time, what) }

    // MARK: What is to happen

    private func prepare() {
        engine.attach(database)
        clients = (0..<config.clients).map { SimulatedClient(self, number: $0) }
        let end = scheduleLoads()
        for client in clients.indices where random.chance(config.faults.hangUp) {
            clock.add(.hangUp(client: client), after: random.time(0...end))
        }
        for _ in 0..<config.faults.crashes {
            let duration = random.time(0...30 * millisecond)
            clock.add(.crash(duration: duration), after: random.time(0...end))
        }
        for _ in 0..<config.faults.reloads { clock.add(.reload, after: random.time(0...end)) }
        if config.faults.isShutDown { clock.add(.shutDown, after: random.time(0...end)) }
    }

    /// Answers after how many nanoseconds the last is sent.
    private func scheduleLoads() -> Int64 {
        var time: Int64 = 0
        var keys = Array(repeating: 0, count: clients.count)
        while records.count < config.loads {
            let generated = GeneratedLoad(
                SimulatedRelationship.all[random.number(0...5)], depth: random.pick(0, 2), &random)
            let client = random.number(0...(clients.count - 1))
            let record = LoadRecord(number: records.count, client: client, generated, config, tables, &random)
            keys[client] += record.expected.keys
            // Who asks for more than his share may have to wait for everybody else.
            if config.profile.isQuiet, keys[client] > FairShare.quantum { break }
            if let pause = config.pause {
                time += random.pause(mean: pause)
            } else if random.chance(0.1) {
                time += random.time(0...20 * millisecond)
            }
            records.append(record)
            clock.add(.submit(record.number), after: time)
            if random.chance(config.faults.cancel) {
                clock.add(.cancel(record.number), after: time + random.time(0...10 * millisecond))
            }
        }
        return time
    }

    // MARK: What happens

    /// Turns of the loop at one moment, beyond which it would spin for ever.
    private static let mostTurns = 20_000

    private func run() -> TraceLog {
        prepare()
        var turns = 0
        var before = clock.time
        while trace.fault == nil, clock.advance() {
            turns = clock.time == before ? turns + 1 : 0
            before = clock.time
            if turns > Self.mostTurns { fault("the engine wakes itself for ever") }
            turn()
        }
        if trace.fault == nil { checker.afterAll() }
        return trace
    }

    private func turn() {
        checker.beforeTurn()
        while let event = clock.nextEvent() {
            perform(event)
            checker.afterEvent()
        }
        checker.beforeDecision()
        engine.decide()
        checker.afterEvent()
        checker.afterTurn()
    }

    private func perform(_ event: Event) {
        switch event {
        case .submit(let number): submit(records[number])
        case .cancel(let number): cancel(records[number])
        case .hangUp(let client):
            note("client \(client) hangs up")
            if !clients[client].isGone { clients[client].hangUp(engine) }
        case .read(let client): clients[client].read()
        case .rows(let flight): database.sendRows(flight)
        case .end(let flight): database.end(flight)
        case .kill(let flight): database.kill(flight)
        case .connect(let slot): database.connect(slot: slot)
        case .crash(let duration): database.crash(duration: duration)
        case .reload:
            engine.install(SimulatedTables.catalog, SimulationConfig.templates(config.profile, &random))
        case .shutDown:
            oracle.isShutDown = true
            engine.failAll(Failure(.shuttingDown, "the end"))
        }
    }

    private func submit(_ record: LoadRecord) {
        guard !clients[record.client].isGone, !oracle.isShutDown else { return }
        note("load \(record.number) is sent by client \(record.client): \(record.load)")
        let timeout = record.load.timeoutMilliseconds.map { Int64($0) * millisecond }
        record.sentAt = clock.time
        record.bound = clock.time + min(timeout ?? .max, config.limits.requestTimeout.nanoseconds)
        record.sawOutage = database.outage != nil
        clients[record.client].send(record, to: engine)
    }

    private func cancel(_ record: LoadRecord) {
        guard !clients[record.client].isGone else { return }
        let isOwed = record.isOwed
        note("load \(record.number) is cancelled")
        record.isCancelled = isOwed
        let found = engine.cancel(record.id, from: clients[record.client].queue)
        if found != isOwed { fault("load \(record.number) was \(isOwed ? "" : "not ")there to be cancelled") }
    }
}
