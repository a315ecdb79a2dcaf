import Batching
package import Configuration
import Loading
package import Logging
import MariaDB
import Reactor
package import Relations
import Time

/// The running service: makes the parts, joins them, and takes them down again. It owns the loop's thread.
package final class Daemon {
    /// How `run` ended.
    package enum End: Hashable, Sendable {
        /// Asked to stop, and everything owed was answered.
        case drained
        /// Asked to stop, and some requests were answered with `shutting_down` because the time was over.
        case cutShort
        /// The configuration does not fit the database's schema.
        case misconfigured([CatalogFault])
    }

    /// Where it is between start and end.
    enum Phase {
        /// The schema is being read for the first time, and nobody is served. Next: serving, cutShort,
        /// stopped.
        case starting
        /// Next: draining, stopped.
        case serving
        /// No connection and no load is accepted any more; what is on its way is answered. Next: cutShort,
        /// stopped.
        case draining
        /// What was still on its way was answered `shutting_down`, and these answers are being sent. Next:
        /// stopped.
        case cutShort
        /// The loop ends with this turn.
        case stopped(End)
    }

    let logger: Logger
    var settings: Settings
    let serviceManager = ServiceManager()
    let loop: EventLoop
    let engine: Engine
    let frontend: ClientFrontend
    let servers: DatabaseServers
    let pool: ConnectionPool
    let refresher: CatalogRefresher
    let reloader: SettingsReloader
    /// The listening sockets, once they are open.
    private var listeners: [Listener] = []
    /// Listening sockets that the service manager has opened.
    let inherited: [Int32]
    private var engineLog: EngineLog
    var budget: DescriptorBudget
    private var signals: Signals?
    var drainAlarm: Alarm?
    private var watchdogAlarm: Alarm?
    private(set) var phase = Phase.starting
    var reload = CoalescedRun()
    /// The weights of a reload that is to take effect if its settings fit the schema.
    var newWeights: ClientWeights?
    /// Why the schema could not be read the last time, so that the log says it once; nil if it could.
    var lastSchemaFailure: String?
    var lastReloadFailure: String?
    /// The status that the service manager shows.
    private var shownStatus = ""

    /// - Parameters:
    ///   - inherited: listening sockets that the service manager has opened.
    ///   - reread: reads the configuration file again after SIGHUP; it is called on another thread.
    package init(
        settings: Settings, version: String, inherited: [Int32], logger: Logger,
        reread: @escaping @Sendable () throws -> Settings
    ) throws {
        self.settings = settings
        self.inherited = inherited
        self.logger = logger
        budget = DescriptorBudget(settings)
        loop = try EventLoop()
        engine = Engine(
            clock: LoopClock(loop), templates: QueryTemplates(), batching: .init(settings),
            limits: .init(settings), tasks: .init(budget: TurnBudget.tasks))
        frontend = ClientFrontend(
            loop: loop, engine: engine, limits: .init(settings, maxClients: budget.clients),
            weights: ClientWeights(settings), version: version, logger: logger)
        servers = try DatabaseServers(settings.database, loop: loop, logger: logger)
        pool = ConnectionPool(
            engine: engine, servers: servers, killer: try QueryKiller(loop), handshakes: try Offload(loop),
            settings: settings.database, logger: logger)
        refresher = try CatalogRefresher(settings, loop: loop)
        engineLog = EngineLog(logger)
        reloader = try SettingsReloader(loop, reread: reread)
    }

    /// Serves until a signal ends it.
    package func run() throws -> End {
        listeners = try Listeners(settings.listen, inherited: inherited).open(on: loop)
        warnOfOverriddenSettings(settings.listen)
        frontend.lingering.maxCount = budget.lingering
        if let warning = budget.warning { logger.warning("\(warning)") }
        try connectParts()
        refresher.refresh()
        showStatus()
        startWatchdog()
        loop.run { [unowned self] in finishTurn() }
        pool.close()
        let end: End = if case .stopped(let end) = phase { end } else { .drained }
        // Clients that wait at a socket of the service manager are turned away afterwards.
        if case .misconfigured = end, !inherited.isEmpty { return end }
        for listener in listeners { listener.close() }
        return end
    }

    /// Lets the parts report to one another.
    private func connectParts() throws {
        engine.attach(pool)
        frontend.pool = pool
        engine.onEvent = { [unowned self] in engineReported($0) }
        pool.onChange = { [unowned self] in showStatus() }
        servers.onChange = { [unowned self] in serverChanged() }
        servers.onOtherKind = { [unowned self] in serverChanged() }
        servers.onFinding = { [unowned self] in pool.rearrange() }
        refresher.onReading = { [unowned self] in schemaRead($0) }
        reloader.onReading = { [unowned self] in settingsRead($0) }
        signals = try Signals(loop) { [unowned self] in received($0) }
    }

    func warnOfOverriddenSettings(_ listen: Settings.Listen) {
        guard !inherited.isEmpty else { return }
        if let warning = listen.overrideWarning(besides: listeners.map(\.address)) {
            logger.warning("\(warning)")
        }
    }

    /// Ends a turn of the loop: has the engine decide what goes to the database, and flushes replies to the
    /// clients: before it where no key waits for it, and after it those that it has caused.
    private func finishTurn() {
        // Where nothing waits for the database, replies need not wait for the decision.
        if !engine.hasWaitingKeys { frontend.flush() }
        engine.decide()
        frontend.flush()
        // Flushing lets lines be handled that stood behind too many replies; what they ask for is decided at
        // once.
        if engine.isUndecided { loop.wake() }
        if frontend.isDrained { stop(.drained) }
        frontend.recordTurn()
        if frontend.isDraining { showStatus() }
    }

    private func engineReported(_ event: EngineEvent) {
        if case .catalogOutdated = event { return refresher.refresh() }
        engineLog.report(event, at: loop.now)
    }

    /// Accepts clients. The pool opens its connections now, after the schema has been read: the account may
    /// be allowed too few connections for both at once.
    func startServing() {
        guard case .starting = phase else { return }
        phase = .serving
        pool.open(connections: settings.database.connections, loop: loop)
        for listener in listeners {
            frontend.listen(listener)
            logger.notice(
                "listening",
                metadata: [
                    "address": "\(listener.address)", "opened_by": inherited.isEmpty ? "kindred" : "systemd",
                ])
        }
        serviceManager.notify(.ready)
    }

    // MARK: The status

    /// Tells the service manager how the daemon is, if that has changed.
    func showStatus() {
        let status = status
        guard status != shownStatus else { return }
        shownStatus = status
        serviceManager.notify(.status(status))
    }

    /// `22 relationships; no database: 2002 (HY000): …`
    private var status: String {
        if frontend.isDraining {
            let count = engine.context.loads.count
            return "draining: \(count) request\(count == 1 ? " is" : "s are") still to be answered"
        }
        var parts: [String] = []
        if engine.templates.unavailableReason != nil {
            parts.append(lastSchemaFailure.map { "no schema yet: \($0)" } ?? "reading the schema")
        } else {
            parts.append("\(engine.templates.catalog.relationships.count) relationships")
            if let database = databaseStatus { parts.append(database) }
        }
        if let lastReloadFailure { parts.append("the last reload failed: \(lastReloadFailure)") }
        return parts.joined(separator: "; ")
    }

    private var databaseStatus: String? {
        if let outage = pool.outageCause { return "no database: \(outage.explained(settings.database))" }
        if let refusal = pool.refusal { return "the database refuses queries: \(refusal)" }
        guard pool.openConnections > 0 else { return nil }
        return "connected to the database" + (servers.areSeveral ? " server \(servers.activeServer)" : "")
    }

    // MARK: The end

    func drain() {
        phase = .draining
        logger.notice("draining", metadata: ["waiting": "\(engine.context.loads.count)"])
        serviceManager.notify(.stopping)
        drainAlarm = Alarm(loop) { [unowned self] in cutShort() }
        drainAlarm?.set(at: loop.now + .seconds(settings.service.drainTimeoutSeconds))
        frontend.drain()
        showStatus()
    }

    /// The time that clients have to read that they get no answer.
    private static let farewellTimeout = TimeSpan.seconds(5)

    func cutShort() {
        phase = .cutShort
        engine.failAll(.init(.shuttingDown, "kindred is shutting down; connect again"))
        frontend.drain()
        drainAlarm = Alarm(loop) { [unowned self] in stop(.cutShort) }
        drainAlarm?.set(at: loop.now + Self.farewellTimeout)
    }

    func stop(_ end: End) {
        switch phase {
        case .stopped: break
        case .cutShort: phase = .stopped(.cutShort)
        case .starting, .serving, .draining: phase = .stopped(end)
        }
        loop.stop()
    }

    /// Feeds the service manager's watchdog from the loop only: a loop that does not turn is not alive.
    private func startWatchdog() {
        guard let interval = serviceManager.watchdogInterval else { return }
        watchdogAlarm = Alarm(loop) { [unowned self] in
            serviceManager.notify(.watchdog)
            watchdogAlarm?.set(at: loop.now + interval / 2)
        }
        watchdogAlarm?.set(at: loop.now)
    }
}
