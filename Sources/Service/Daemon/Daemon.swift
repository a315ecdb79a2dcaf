import Batching
package import Configuration
import Loading
package import Logging
import MariaDB
import Reactor
package import Relations
import Time

/// The running service: starts the parts, joins them, and takes them down again. Owns the loop's thread.
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

    private let logger: Logger
    private var settings: Settings
    private let manager = ServiceManager()
    private let loop: EventLoop
    private let engine: Engine
    private let frontend: ClientFrontend
    private let servers: DatabaseServers
    private let pool: ConnectionPool
    /// Listening sockets that the service manager has opened.
    private let inherited: [Int32]
    private var inheritedAddresses: [String] = []
    private let keeper: CatalogRefresher
    private var engineLog: EngineLog
    private let reloader: SettingsReloader
    private var budget: DescriptorBudget
    private var signals: Signals?
    private var drainAlarm: Alarm?
    private var watchdogAlarm: Alarm?
    private var end: End?
    private var isServing = false
    private var isReloading = false
    /// Of a reload that is to take effect when the schema bears it out.
    private var newWeights: ClientWeights?
    /// While the schema cannot be read, so that the log says it once.
    private var lastSchemaFailure: String?
    private var lastReloadFailure: String?
    /// What the service manager shows.
    private var shownStatus = ""
    /// Asked for while a reload was under way, which may have read the file too early.
    private var mustReloadAgain = false

    /// - Parameters:
    ///   - inherited: listening sockets that the service manager has opened.
    ///   - reread: reads the configuration file again, for SIGHUP; on another thread.
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
            engine: engine, servers: servers, killer: try QueryKiller(loop), settings: settings.database,
            logger: logger)
        keeper = try CatalogRefresher(settings, loop: loop)
        engineLog = EngineLog(logger)
        reloader = try SettingsReloader(loop, reread: reread)
    }

    /// Serves until a signal ends it.
    package func run() throws -> End {
        let listeners = try Listeners(settings.listen, inherited: inherited).open(on: loop)
        if !inherited.isEmpty {
            inheritedAddresses = listeners.map(\.address)
            warnOfOverriddenSettings(settings.listen)
        }
        frontend.lingering.maxCount = budget.lingering
        if let warning = budget.warning { logger.warning("\(warning)") }
        engine.attach(pool)
        frontend.pool = pool
        engine.onEvent = { [unowned self] in engineReported($0) }
        pool.onChange = { [unowned self] in showStatus() }
        servers.onChange = { [unowned self] in serverChanged() }
        servers.onFinding = { [unowned self] in pool.rearrange() }
        keeper.onReading = { [unowned self] in schemaRead($0, listeners) }
        reloader.onReading = { [unowned self] in settingsRead($0) }
        signals = try Signals(loop) { [unowned self] in received($0) }
        keeper.refresh()
        showStatus()
        startWatchdog()
        loop.run { [unowned self] in turn() }
        pool.close()
        let end = end ?? .drained
        // Those who wait at a socket of the service manager are turned away afterwards.
        if case .misconfigured = end, !inherited.isEmpty { return end }
        for listener in listeners { listener.close() }
        return end
    }

    private func warnOfOverriddenSettings(_ listen: Settings.Listen) {
        if let warning = listen.overrideWarning(besides: inheritedAddresses) { logger.warning("\(warning)") }
    }

    /// The end of every turn of the loop, after all that was ready has been read.
    private func turn() {
        engine.decide()
        frontend.flush()
        // Flushing lets lines be handled that stood behind too many replies; what they ask for is decided at once.
        if engine.isUndecided { loop.wake() }
        if frontend.isDrained { stop(.drained) }
        frontend.turnEnds()
        if frontend.isDraining { showStatus() }
    }

    private func engineReported(_ event: EngineEvent) {
        if case .catalogOutdated = event { return keeper.refresh() }
        engineLog.report(event, at: loop.now)
    }

    // MARK: The status

    /// Tells the service manager how we are, if that has changed.
    private func showStatus() {
        let status = status
        guard status != shownStatus else { return }
        shownStatus = status
        manager.notify(.status(status))
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
            if let outage = pool.lastOutage {
                parts.append("no database: \(outage.explained(settings.database))")
            } else if let refusal = pool.refusal {
                parts.append("the database refuses queries: \(refusal)")
            } else if pool.openConnections > 0 {
                let which = servers.areSeveral ? "server \(servers.activeServer)" : ""
                parts.append("connected to the database" + (which.isEmpty ? "" : " " + which))
            }
        }
        if let lastReloadFailure { parts.append("the last reload failed: \(lastReloadFailure)") }
        return parts.joined(separator: "; ")
    }

    // MARK: The catalog

    /// Its schema should be the same, and is looked at lest it is not.
    private func serverChanged() {
        keeper.server = servers.activeServer
        keeper.refresh()
    }

    private func schemaRead(_ reading: CatalogRefresher.Reading, _ listeners: [Listener]) {
        switch reading.result {
        case .success(let found): schemaRead(found, reading.settings, isReload: reading.isReload)
        case .failure(let error): schemaUnreadable(error, isReload: reading.isReload)
        }
        if end == nil, !isServing { startServing(listeners) }
    }

    private func schemaUnreadable(_ error: DatabaseError, isReload: Bool) {
        let reason = error.explained(settings.database)
        let message = "the schema cannot be read: \(reason)"
        if isReload { return reloaded(failure: message) }
        defer {
            lastSchemaFailure = reason
            showStatus()
        }
        guard let before = engine.templates.unavailableReason else {
            if lastSchemaFailure != reason { logger.warning("the catalog stays as it was: \(message)") }
            return
        }
        if before != message {
            logger.error("\(message); until then loads are answered database_unavailable")
        }
        engine.templates.unavailableReason = message
    }

    private func schemaRead(_ found: CatalogRefresher.Finding, _ new: Settings, isReload: Bool) {
        lastSchemaFailure = nil
        defer { showStatus() }
        if !found.faults.isEmpty {
            if isReload { return reloaded(failure: found.faults.map(\.message).joined(separator: "; ")) }
            if !isServing { return stop(.misconfigured(found.faults)) }
        }
        if isReload { adopt(new) }
        if found.isNews || isReload {
            engine.install(found.catalog, QueryTemplates.Settings(new))
            keeper.served = found.catalog
            servers.serve(found.catalog)
        }
        if found.isNews { announce(found) }
        if isReload { reloaded(failure: nil) }
    }

    private func adopt(_ new: Settings) {
        settings = new
        engine.reconfigure(batching: .init(new), limits: .init(new))
        share(DescriptorBudget(new))
        if let newWeights { frontend.weights = newWeights }
        pool.reconfigure(new.database)
        keeper.adopt(new)
    }

    /// The warning is new if the settings or the limit are.
    private func share(_ new: DescriptorBudget) {
        if let warning = new.warning, warning != budget.warning { logger.warning("\(warning)") }
        budget = new
        frontend.limits = .init(settings, maxClients: new.clients)
        frontend.lingering.maxCount = new.lingering
    }

    private func announce(_ found: CatalogRefresher.Finding) {
        for warning in found.warnings { logger.warning("\(warning)") }
        for fault in found.faults {
            logger.error("\(fault.message) (line \(fault.line)); it cannot be loaded")
        }
        for name in settings.batching.namesUnknown(to: found.catalog) {
            logger.warning("[batching.\"\(name)\"] has no effect: there is no such relationship")
        }
        let count = found.catalog.relationships.count
        logger.notice("catalog read", metadata: ["relationships": "\(count)"])
    }

    private func startServing(_ listeners: [Listener]) {
        isServing = true
        // After the schema has been read, which the account may allow no further connection for.
        pool.open(connections: settings.database.connections, loop: loop)
        for listener in listeners {
            frontend.listen(listener)
            logger.notice(
                "listening",
                metadata: [
                    "address": "\(listener.address)", "opened_by": inherited.isEmpty ? "kindred" : "systemd",
                ])
        }
        manager.notify(.ready)
    }

    // MARK: Signals

    private func received(_ signal: Signals.Signal) {
        switch signal {
        case .terminate, .interrupt: frontend.isDraining || !isServing ? cutShort() : drain()
        case .hangUp: reload()
        }
    }

    private func reload() {
        if frontend.isDraining { return }
        if isReloading {
            if !mustReloadAgain {
                logger.notice("a reload is still under way; the file will be read again after it")
            }
            mustReloadAgain = true
            return
        }
        manager.notify(.reloading)
        isReloading = true
        reloader.read(over: settings)
    }

    private func settingsRead(_ result: Result<SettingsReloader.Reading, any Error>) {
        switch result {
        case .success(let reading):
            if !inherited.isEmpty { warnOfOverriddenSettings(reading.listen) }
            // A restart would change nothing where the service manager opens the sockets.
            for name in reading.needRestart where inherited.isEmpty || !name.hasPrefix("listen.") {
                logger.warning("\(name) has changed in the file and takes effect after a restart only")
            }
            newWeights = reading.weights
            keeper.reload(reading.settings)
        case .failure(let error): reloaded(failure: "\(error)")
        }
    }

    /// With a failure, everything is as it was before.
    private func reloaded(failure: String?) {
        isReloading = false
        lastReloadFailure = failure
        showStatus()
        if let failure {
            logger.error("reload failed, nothing has changed: \(failure)")
        } else {
            logger.notice("reloaded")
        }
        for path in frontend.lostPaths {
            logger.error("the socket \(path) was removed: nobody can connect to it; restart kindred")
        }
        // Ready is said for the first time when we listen.
        if isServing, !frontend.isDraining { manager.notify(.ready) }
        if mustReloadAgain {
            mustReloadAgain = false
            reload()
        }
    }

    private func drain() {
        logger.notice("draining", metadata: ["waiting": "\(engine.context.loads.count)"])
        manager.notify(.stopping)
        drainAlarm = Alarm(loop) { [unowned self] in cutShort() }
        drainAlarm?.set(at: loop.now + .seconds(settings.service.drainTimeoutSeconds))
        frontend.drain()
        showStatus()
    }

    /// The time in which those who still wait can be told so.
    private static let lastWord = TimeSpan.seconds(5)

    private func cutShort() {
        if end != nil { return loop.stop() }
        end = .cutShort
        engine.failAll(.init(.shuttingDown, "kindred is shutting down; connect again"))
        frontend.drain()
        drainAlarm = Alarm(loop) { [unowned self] in loop.stop() }
        drainAlarm?.set(at: loop.now + Self.lastWord)
    }

    private func stop(_ end: End) {
        self.end = self.end ?? end
        loop.stop()
    }

    /// Fed from the loop only: a loop that does not turn is not alive.
    private func startWatchdog() {
        guard let interval = manager.watchdogInterval else { return }
        watchdogAlarm = Alarm(loop) { [unowned self] in
            manager.notify(.watchdog)
            watchdogAlarm?.set(at: loop.now + interval / 2)
        }
        watchdogAlarm?.set(at: loop.now)
    }
}
