import Configuration
import MariaDB
import Reactor
import Relations

/// Reads the schema at the start, from time to time, and when a query shows that it has changed; on a thread of its
/// own, because reading waits.
final class CatalogRefresher {
    /// What a reading found; the settings are those that it was made with.
    struct Reading: Sendable {
        let settings: Settings
        /// Whether the settings are new, and take effect if the schema bears them out.
        let isReload: Bool
        let server: DatabaseServer
        let result: Result<Finding, DatabaseError>
    }

    /// What the schema and the settings give: of many tables it takes its time to be made, and compared.
    struct Finding: Sendable {
        let catalog: Catalog
        /// Whether the catalog is another than the one that is served.
        let isNews: Bool
        let faults: [CatalogFault]
        /// What the operator should know, a sentence each.
        let warnings: [String]
    }

    /// Nanoseconds between two readings at least, however often queries fail for want of a table.
    private static let restBetweenReadings: Int64 = 500_000_000

    private let loop: EventLoop
    private let mailbox: Mailbox<Reading>
    private var alarm: Alarm?
    private var backoff = Backoff()
    private var isReading = false
    /// Asked for while a reading was under way, which may have begun too early to see the change.
    private var mustReadAgain = false
    private var nextReload: Settings?
    private var lastReading: Int64?
    private var settings: Settings
    /// Where it reads.
    var server: DatabaseServer
    /// The catalog that is served; nil while there is none.
    var served: Catalog?
    var onReading: (Reading) -> Void = { _ in }

    init(_ settings: Settings, loop: EventLoop) throws(ReactorError) {
        self.settings = settings
        server = settings.database.candidates[0]
        self.loop = loop
        mailbox = try Mailbox(loop)
        mailbox.receive { [unowned self] in finished($0) }
        alarm = Alarm(loop) { [unowned self] in read(self.settings, isReload: false) }
    }

    /// From now on, readings are made with these.
    func adopt(_ settings: Settings) {
        self.settings = settings
        schedule(after: interval)
    }

    /// Reads the schema again, soon.
    func refresh() {
        if isReading {
            mustReadAgain = true
            return
        }
        let earliest = lastReading.map { $0 + Self.restBetweenReadings } ?? loop.now
        if earliest > loop.now { alarm?.set(at: earliest) } else { read(settings, isReload: false) }
    }

    /// Reads the schema for settings that are to be adopted.
    func reload(_ settings: Settings) {
        if isReading { nextReload = settings } else { read(settings, isReload: true) }
    }

    private func read(_ settings: Settings, isReload: Bool) {
        isReading = true
        alarm?.clear()
        let mailbox = mailbox.sender
        let endpoint = Endpoint(settings.database, at: server, purpose: .schema)
        let served = served
        let reading = { @Sendable [server] in
            Reading(settings: settings, isReload: isReload, server: server, result: $0)
        }
        do throws(ReactorError) {
            try WorkerThread.detach {
                let schema = Self.schema(at: endpoint, settings)
                mailbox.post(reading(schema.map { Self.finding($0, settings, besides: served) }))
            }
        } catch {
            mailbox.post(reading(.failure(DatabaseError(untried: error))))
        }
    }

    private static func schema(at endpoint: Endpoint, _ settings: Settings) -> Result<Schema, DatabaseError> {
        do {
            return .success(try SchemaReader.read(BlockingClient(endpoint), settings))
        } catch {
            return .failure(error)
        }
    }

    private static func finding(_ schema: Schema, _ settings: Settings, besides served: Catalog?) -> Finding {
        let (catalog, faults, warnings) = Catalog.make(settings, schema)
        let isNews = catalog != served
        // One that is equal ends here: it would take its time to be freed as well.
        return Finding(
            catalog: isNews ? catalog : served ?? catalog, isNews: isNews, faults: faults,
            warnings: warnings)
    }

    private func finished(_ reading: Reading) {
        isReading = false
        lastReading = loop.now
        // Of a server that has been left meanwhile, perhaps for what it does not have.
        let isStale = reading.server != server && !reading.isReload && served != nil
        if isStale { mustReadAgain = true } else { use(reading) }
        if let settings = nextReload {
            nextReload = nil
            read(settings, isReload: true)
        } else if mustReadAgain {
            mustReadAgain = false
            refresh()
        }
    }

    private func use(_ reading: Reading) {
        switch reading.result {
        case .success:
            backoff.reset()
            schedule(after: interval)
        case .failure: schedule(after: backoff.next())
        }
        onReading(reading)
    }

    /// Nanoseconds between readings; nil: only when asked.
    private var interval: Int64? {
        settings.catalog.refreshSeconds > 0 ? Int64(settings.catalog.refreshSeconds) * 1_000_000_000 : nil
    }

    private func schedule(after delay: Int64?) {
        guard let delay else { alarm?.clear(); return }
        alarm?.set(at: loop.now + delay)
    }
}
