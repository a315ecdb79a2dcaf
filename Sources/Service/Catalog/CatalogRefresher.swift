import Configuration
import MariaDB
import Reactor
import Relations
import Time
import Wire

/// Reads the schema at the start, from time to time, and when a query shows that it has changed; on a thread
/// of its own, because reading waits.
final class CatalogRefresher {
    /// What a reading gave, and the settings that it was made with.
    struct Reading: Sendable {
        let settings: Settings
        /// Whether the settings are new, and take effect if they fit the schema.
        let isReload: Bool
        let server: DatabaseServer
        /// When the reading began.
        let began: Instant
        let result: Result<BuiltCatalog, DatabaseError>
    }

    /// What the schema and the settings give together. It is made and compared on the reader's thread,
    /// because many tables take their time.
    struct BuiltCatalog: Sendable {
        let catalog: Catalog
        let source: CatalogSource
        /// What the server is.
        let dialect: Dialect
        /// Whether the catalog differs from the one that is served.
        let isNews: Bool
        let faults: [CatalogFault]
        /// What the operator should know, a sentence each.
        let warnings: [String]
    }

    /// The time from the end of one reading to the next at least, however often queries fail for want of a
    /// table; twice as long, up to `maxPause`, after each reading in a row that has shown nothing new.
    private static let minPause = TimeSpan.milliseconds(500)
    private static let maxPause = TimeSpan.seconds(4)

    private let loop: EventLoop
    private let offload: Offload<Result<BuiltCatalog, DatabaseError>>
    private var alarm: Alarm?
    private var backoff = Backoff()
    private var run = CoalescedRun()
    /// Settings that were to be adopted while a reading was under way.
    private var nextReload: Settings?
    private var lastReading: Instant?
    private var pause = CatalogRefresher.minPause
    private var settings: Settings
    /// Where it reads.
    var server: DatabaseServer { didSet { if server != oldValue { pause = Self.minPause } } }
    /// The catalog that is served; nil while there is none.
    var served: Catalog?
    /// Called on the loop's thread with what each reading gave.
    var onReading: (Reading) -> Void = { _ in }

    init(_ settings: Settings, loop: EventLoop) throws(ReactorError) {
        self.settings = settings
        server = settings.database.candidates[0]
        self.loop = loop
        offload = try Offload(loop)
        alarm = Alarm(loop) { [unowned self] in read(self.settings, isReload: false) }
    }

    /// Makes readings with these settings from now on.
    func adopt(_ settings: Settings) {
        self.settings = settings
        schedule(after: interval)
    }

    /// Reads the schema again, soon.
    func refresh() {
        if run.isUnderWay {
            run.repeatAfterwards()
            return
        }
        let earliest = lastReading.map { $0 + pause } ?? loop.now
        if earliest > loop.now { alarm?.set(at: earliest) } else { read(settings, isReload: false) }
    }

    /// Reads the schema for settings that are to be adopted.
    func reload(_ settings: Settings) {
        if run.isUnderWay { nextReload = settings } else { read(settings, isReload: true) }
    }

    private func read(_ settings: Settings, isReload: Bool) {
        run.begin()
        alarm?.clear()
        let endpoint = Endpoint(settings.database, at: server, purpose: .schema)
        let served = served
        let began = loop.now
        offload.run {
            Self.schema(at: endpoint, settings).map { Self.finding($0, settings, comparedWith: served) }
        } then: { [unowned self, server] result in
            let finding = result.mapError { DatabaseError(untried: $0) }.flatMap { $0 }
            finish(
                Reading(
                    settings: settings, isReload: isReload, server: server, began: began, result: finding))
        }
    }

    private static func schema(at endpoint: Endpoint, _ settings: Settings) -> Result<Schema, DatabaseError> {
        do {
            return .success(try SchemaReader.read(BlockingClient(endpoint), settings))
        } catch {
            return .failure(error)
        }
    }

    private static func finding(
        _ schema: Schema, _ settings: Settings, comparedWith served: Catalog?
    ) -> BuiltCatalog {
        let (catalog, faults, warnings) = Catalog.make(settings, schema)
        let isNews = catalog != served
        // A new catalog that is equal is freed here, on this thread: that takes its time as well.
        return BuiltCatalog(
            catalog: isNews ? catalog : served ?? catalog,
            source: CatalogSource(
                database: schema.database, server: "\(schema.dialect)", serverID: schema.serverID,
                catalog: catalog),
            dialect: schema.dialect, isNews: isNews, faults: faults, warnings: warnings)
    }

    private func finish(_ reading: Reading) {
        var mustRepeat = run.end()
        lastReading = loop.now
        // The server has been left meanwhile, perhaps for what it does not have.
        let isStale = reading.server != server && !reading.isReload && served != nil
        if isStale { mustRepeat = true } else { use(reading) }
        if let settings = nextReload {
            nextReload = nil
            read(settings, isReload: true)
            if mustRepeat { run.repeatAfterwards() }
        } else if mustRepeat {
            refresh()
        }
    }

    private func use(_ reading: Reading) {
        switch reading.result {
        case .success(let found):
            pause = found.isNews ? Self.minPause : min(pause + pause, Self.maxPause)
            backoff.reset()
            schedule(after: interval)
        case .failure: schedule(after: backoff.next())
        }
        onReading(reading)
    }

    /// The time between readings; nil: only when asked.
    private var interval: TimeSpan? {
        settings.catalog.refreshSeconds > 0 ? .seconds(settings.catalog.refreshSeconds) : nil
    }

    private func schedule(after delay: TimeSpan?) {
        guard let delay else { alarm?.clear(); return }
        alarm?.set(at: loop.now + delay)
    }
}
