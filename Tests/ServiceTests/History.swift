import Batching
import Logging
import Relations
import TestSupport
import Wire

@testable import Service

/// One run of the engine, from a seed: clients, a database and a clock that are not real, and what happens.
final class History {
    let setting: Setting
    let agenda: Agenda
    let engine: Engine
    private(set) lazy var database = SimulatedDatabase(self, setting, shop, seed: databaseSeed)
    private(set) lazy var inspector = Inspector(self, setting)
    private(set) var judge: Judge
    private(set) var records: [LoadRecord] = []
    private(set) var clients: [SimulatedClient] = []
    private let journal: Journal
    private let shop: Shop
    private let databaseSeed: UInt64
    private var random: SeededGenerator

    /// What went wrong in the history of this seed, with all that happened in it; nil if nothing did.
    static func fault(_ weather: Weather, seed: UInt64) -> String? {
        guard History(weather, seed: seed, Journal(isKept: false)).run().fault != nil else { return nil }
        let journal = History(weather, seed: seed, Journal(isKept: true)).run()
        let story = journal.lines.joined(separator: "\n")
        return "weather \(weather), seed \(seed): \(journal.fault ?? "not the second time")\n\(story)"
    }

    private init(_ weather: Weather, seed: UInt64, _ journal: Journal) {
        random = SeededGenerator(seed: seed)
        self.journal = journal
        setting = Setting(weather, &random)
        shop = Shop(longestText: random.pick(10, 60), poison: setting.mishaps.poison, &random)
        databaseSeed = random.next()
        agenda = Agenda(start: setting.start)
        let templates = QueryTemplates()
        templates.install(Shop.catalog, setting.templates)
        engine = Engine(
            time: agenda, templates: templates, batching: setting.batching, limits: setting.limits,
            tasks: setting.tasks, logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() })
        judge = Judge(limits: setting.limits, agenda: agenda, journal: journal, engine: engine)
    }

    func note(_ line: @autoclosure () -> String) { journal.note(at: agenda.now, line()) }

    func fault(_ what: String) { journal.fault(at: agenda.now, what) }

    // MARK: What is to happen

    private func prepare() {
        engine.attach(database)
        clients = (0..<setting.clients).map { SimulatedClient(self, number: $0) }
        let end = scheduleLoads()
        for client in clients.indices where random.chance(setting.mishaps.hangUp) {
            agenda.add(.hangUp(client: client), after: random.time(0...end))
        }
        for _ in 0..<setting.mishaps.crashes {
            let duration = random.time(0...30 * millisecond)
            agenda.add(.crash(duration: duration), after: random.time(0...end))
        }
        for _ in 0..<setting.mishaps.reloads { agenda.add(.reload, after: random.time(0...end)) }
        if setting.mishaps.isShutDown { agenda.add(.shutDown, after: random.time(0...end)) }
    }

    /// Answers after how many nanoseconds the last is sent.
    private func scheduleLoads() -> Int64 {
        var time: Int64 = 0
        var keys = Array(repeating: 0, count: clients.count)
        while records.count < setting.loads {
            let wanted = Wanted(Relation.all[random.number(0...5)], depth: random.pick(0, 2), &random)
            let client = random.number(0...(clients.count - 1))
            let record = LoadRecord(number: records.count, client: client, wanted, setting, shop, &random)
            keys[client] += record.expected.keys
            // Who asks for more than his share may have to wait for everybody else.
            if setting.weather.isQuiet, keys[client] > FairShare.quantum { break }
            if let pause = setting.pause {
                time += random.pause(mean: pause)
            } else if random.chance(0.1) {
                time += random.time(0...20 * millisecond)
            }
            records.append(record)
            agenda.add(.submit(record.number), after: time)
            if random.chance(setting.mishaps.cancel) {
                agenda.add(.cancel(record.number), after: time + random.time(0...10 * millisecond))
            }
        }
        return time
    }

    // MARK: What happens

    /// Turns of the loop at one moment, beyond which it would spin for ever.
    private static let mostTurns = 20_000

    private func run() -> Journal {
        prepare()
        var turns = 0
        var before = agenda.now
        while journal.fault == nil, agenda.advance() {
            turns = agenda.now == before ? turns + 1 : 0
            before = agenda.now
            if turns > Self.mostTurns { fault("the engine wakes itself for ever") }
            turn()
        }
        if journal.fault == nil { inspector.afterAll() }
        return journal
    }

    private func turn() {
        inspector.beforeTurn()
        while let event = agenda.nextEvent() {
            perform(event)
            inspector.afterEvent()
        }
        inspector.beforeDecision()
        engine.decide()
        inspector.afterEvent()
        inspector.afterTurn()
    }

    private func perform(_ event: Event) {
        switch event {
        case .submit(let number): submit(records[number])
        case .cancel(let number): cancel(records[number])
        case .hangUp(let client):
            note("client \(client) hangs up")
            if !clients[client].isGone { clients[client].hangUp(engine) }
        case .flush(let client): clients[client].flush(engine)
        case .rows(let flight): database.sendRows(flight)
        case .end(let flight): database.end(flight)
        case .kill(let flight): database.kill(flight)
        case .connect(let slot): database.connect(slot: slot)
        case .crash(let duration): database.crash(duration: duration)
        case .reload: engine.install(Shop.catalog, Setting.templates(setting.weather, &random))
        case .shutDown:
            judge.isShutDown = true
            engine.failAll(Failure(.shuttingDown, "the end"))
        }
    }

    private func submit(_ record: LoadRecord) {
        guard !clients[record.client].isGone, !judge.isShutDown else { return }
        note("load \(record.number) is sent by client \(record.client): \(record.load)")
        let timeout = record.load.timeoutMilliseconds.map { Int64($0) * millisecond }
        record.bound = agenda.now + min(timeout ?? .max, setting.limits.patience)
        record.sawOutage = database.outage != nil
        clients[record.client].send(record, to: engine)
    }

    private func cancel(_ record: LoadRecord) {
        guard !clients[record.client].isGone else { return }
        let isOwed = record.state == .sent
        note("load \(record.number) is cancelled")
        record.isCancelled = isOwed
        let found = engine.cancel(record.id, among: clients[record.client].owed)
        if found != isOwed { fault("load \(record.number) was \(isOwed ? "" : "not ")there to be cancelled") }
    }
}
