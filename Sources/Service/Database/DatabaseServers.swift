import Configuration
import Loading
import Logging
import MariaDB
import Reactor
import Relations

/// The servers that hold the data: which of them is used, and, where there are several, how they are.
final class DatabaseServers {
    private struct Report: Sendable {
        let server: Int
        /// When the look began, in the loop's time.
        let began: Int64
        let outcome: HealthCheck.Outcome
    }

    private let loop: EventLoop
    private let logger: Logger
    private let sources: [EndpointSource]
    private var settings: Settings.Database
    private var choice: FailoverPolicy
    private let mailbox: Mailbox<Report>
    private var alarm: Alarm?
    /// Between looks while no server is to be had.
    private var impatience = Backoff()
    private var lookedAt: Set<Int> = []
    /// Those of which it is not known yet whether they could take the place of the active one, which has just failed.
    private var hopes: Set<Int> = []
    /// While no look is possible, so that the log says it once.
    private var isBlind = false
    /// When each server last answered a query, if only with some of its rows; and when with rows.
    private var lastAnswers: [Int: Int64] = [:]
    private var lastReads: [Int: Int64] = [:]
    /// Tables that looks read.
    private var tables: [String] = []
    /// Until then, a doubt hastens no look.
    private var nextHasteAt: Int64 = 0
    /// How often another server was chosen.
    private(set) var changes = 0
    /// Another server is used from now on.
    var onChange: () -> Void = {}
    /// A server has been looked at or an attempt to use it has failed: its health may have changed.
    var onFinding: () -> Void = {}
    /// Whether a server has connections that serve.
    var isConnected: (Int) -> Bool = { _ in false }

    init(_ settings: Settings.Database, loop: EventLoop, logger: Logger) throws(ReactorError) {
        self.settings = settings
        self.loop = loop
        self.logger = logger
        sources = try settings.candidates.map { server throws(ReactorError) in
            try EndpointSource(Endpoint(settings, at: server, purpose: .loads), loop: loop)
        }
        choice = FailoverPolicy(count: sources.count)
        mailbox = try Mailbox(loop)
        mailbox.receive { [unowned self] in found($0) }
        alarm = Alarm(loop) { [unowned self] in look() }
    }

    /// The place of the server in the list that new connections go to.
    var active: Int { choice.active }
    var activeServer: DatabaseServer { settings.candidates[active] }
    /// Where new connections go.
    var source: EndpointSource { sources[active] }
    var areSeveral: Bool { sources.count > 1 }

    /// Whether a server may yet be found that can be used.
    var isHopeful: Bool { !hopes.isEmpty }

    /// Whether nothing is to be asked just now: the active server refuses everything, and it is being found out whether
    /// another could answer.
    var isPaused: Bool { isHopeful && choice.isRefusing(active) }

    func isRefusing(_ server: Int) -> Bool { choice.isRefusing(server) }

    /// From now on, looks read of its tables.
    func serve(_ catalog: Catalog) { tables = HealthCheck.tables(of: catalog) }

    func isUnwell(_ server: Int) -> Bool {
        if case .unwell = choice.health(of: server) { true } else { false }
    }

    /// Looks at all servers, now and then from time to time. A single one has no alternative, and is left alone.
    func watch() {
        if areSeveral { look() }
    }

    /// For connections that are made, and looks that are taken, from now on.
    func reconfigure(_ settings: Settings.Database) {
        self.settings = settings
        for (source, server) in zip(sources, settings.candidates) {
            source.endpoint = Endpoint(settings, at: server, purpose: .loads)
        }
        watch()
    }

    func connected(to server: Int) { choice.connected(to: server) }

    /// A query has ended as it should, or with an error of the server's.
    func answered(by server: Int) {
        lastAnswers[server] = loop.now
    }

    /// A query that has not ended yet has brought rows.
    func hasSentRows(_ server: Int) {
        guard areSeveral else { return }
        lastAnswers[server] = loop.now
        lastReads[server] = loop.now
    }

    /// A query has ended as it should.
    func read(from server: Int) {
        answered(by: server)
        lastReads[server] = loop.now
        if areSeveral, choice.isRefusing(server) { update { $0.read(from: server) } }
    }

    /// A query has met an error that is the server's state. Answers whether another server may answer it.
    func refused(_ error: DatabaseError, by server: Int) -> Bool {
        guard areSeveral else { return false }
        let wasWell = choice.isActiveWell
        update { $0.refused(error, by: server, at: loop.now) }
        if choice.isActiveWell { return active != server }
        guard wasWell else { return isHopeful }
        look()
        hopes = lookedAt.subtracting([active])
        return isHopeful
    }

    /// Bytes of a query beyond which it is not tried again in looks.
    private static let longestSuspect = 1 << 16

    /// A query has met an error that is no state of the whole server: of one table, perhaps at this server only.
    func doubt(_ name: String, _ sql: [UInt8], _ error: DatabaseError, at server: Int) {
        guard areSeveral, sql.count <= Self.longestSuspect else { return }
        let isKnown = choice.isSuspect(name)
        guard isKnown || choice.suspect(.init(name: name, sql: String(decoding: sql, as: UTF8.self))) else {
            return
        }
        // A name that is not there any more may have been renamed on all servers, on one before the others: looks tell alone.
        if error.scope != .missingName { choice.doubt(name, of: server) }
        guard !isKnown, loop.now >= nextHasteAt else { return }
        nextHasteAt = loop.now + Int64(settings.checkIntervalSeconds) * 1_000_000_000
        look()
    }

    /// The active server has no connection, and an attempt to have one has failed.
    func failed(_ error: DatabaseError) {
        let wasWell = choice.isActiveWell
        update { $0.failed(error, at: loop.now) }
        guard wasWell, areSeveral else { return }
        look()
        hopes = lookedAt.subtracting([active])
    }

    /// How each server is, in the order of preference.
    var states: [(server: DatabaseServer, state: String)] {
        settings.candidates.enumerated().map { index, server in
            let isLacking = choice.health(of: index) == .well && !choice.lacks(index).isEmpty
            return (
                server, index == active ? "active" : isLacking ? "refusing" : choice.health(of: index).word
            )
        }
    }

    // MARK: Looks

    private func look() {
        let mailbox = mailbox.sender
        // Who has not answered the last time is not asked again before it has.
        for (index, server) in settings.candidates.enumerated() where lookedAt.insert(index).inserted {
            let endpoint = Endpoint(settings, at: server, purpose: .look)
            let check = HealthCheck(
                maxLag: settings.maxLagSeconds, tables: tables, suspects: choice.nextSuspects(at: index))
            let began = loop.now
            do throws(ReactorError) {
                try WorkerThread.detach {
                    mailbox.post(Report(server: index, began: began, outcome: check.run(endpoint)))
                }
                isBlind = false
            } catch {
                notLookedAt(index, error)
            }
        }
        let interval = Int64(settings.checkIntervalSeconds) * 1_000_000_000
        if choice.isActiveWell { impatience.reset() }
        alarm?.set(at: loop.now + (choice.isActiveWell ? interval : min(impatience.next(), interval)))
    }

    /// Says nothing of the server.
    private func notLookedAt(_ server: Int, _ error: ReactorError) {
        lookedAt.remove(server)
        hopes.remove(server)
        if !isBlind { logger.warning("database servers cannot be looked at: \(error); trying again") }
        isBlind = true
    }

    private func found(_ report: Report) {
        lookedAt.remove(report.server)
        hopes.remove(report.server)
        logger.debug(
            "a server was looked at",
            metadata: [
                "server": "\(settings.candidates[report.server])", "finding": "\(report.outcome.finding)",
            ])
        let serves = isConnected(report.server)
        let (server, finding) = (report.server, report.outcome.finding)
        // That it answers with errors says nothing against a look that met one.
        let isRefusal = if case .unwell(let error) = finding { error.kind == .statement } else { false }
        let lastAnswer = (isRefusal ? lastReads : lastAnswers)[server] ?? .min
        update {
            $0.found(
                finding, of: server, isConnected: serves, hasAnswered: serves && lastAnswer > report.began,
                at: loop.now)
            $0.tried(report.outcome.trials, at: server, at: loop.now)
        }
    }

    private func update(_ change: (inout FailoverPolicy) -> Void) {
        let before = choice
        change(&choice)
        for (index, server) in settings.candidates.enumerated() {
            let health = choice.health(of: index)
            if health != before.health(of: index) { tell(server, health, before.health(of: index)) }
            let news = choice.lacks(index).subtracting(before.lacks(index))
            if index == before.active, !news.isEmpty, choice.active != before.active {
                logger.warning(
                    "database server \(server) is passed over: it refuses queries of \(news.sorted())")
            }
        }
        if choice.active != before.active {
            changes += 1
            logger.warning(
                "another database server is used from now on",
                metadata: ["server": "\(activeServer)", "before": "\(settings.candidates[before.active])"])
            onChange()
        }
        onFinding()
    }

    private func tell(
        _ server: DatabaseServer, _ health: FailoverPolicy.Health, _ before: FailoverPolicy.Health
    ) {
        guard areSeveral, health.word != before.word else { return }
        switch health {
        case .unknown: break
        case .well:
            if before != .unknown { logger.notice("database server \(server) is well again") }
        case .lagging(let text): logger.warning("database server \(server) is passed over: \(text)")
        case .unwell(let error): logger.error("database server \(server) is not usable: \(error)")
        }
    }
}

extension FailoverPolicy.Health {
    /// As `stats` shows it.
    fileprivate var word: String {
        switch self {
        case .unknown: "unknown"
        case .well: "well"
        case .lagging: "lagging"
        case .unwell: "unwell"
        }
    }
}
