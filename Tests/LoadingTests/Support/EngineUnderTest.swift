import Batching
import Loading
import Planning
import TestSupport
import Time
import Wire

/// A clock that stands still until a test moves it.
final class ManualClock: EngineClock {
    private(set) var now = Instant.zero
    private(set) var alarm: Instant?

    func refresh() {}

    func wake(at time: Instant?) { alarm = time }

    func advance(by span: TimeSpan) { now += span }
}

/// Connections to a database, whose queries a test answers when it wants to.
final class ManualDatabase: QueryRunner {
    var outage: QueryFailure?
    var hasFreeConnection = true
    /// The queries under way, in the order in which they were sent.
    private(set) var queries: [BatchQuery] = []
    /// The queries that were to be stopped.
    private(set) var killed: [BatchQuery] = []

    func run(_ query: BatchQuery) { queries.append(query) }

    func kill(_ query: BatchQuery) { killed.append(query) }

    /// Takes the query that was sent first among those under way; nil if there is none.
    func next() -> BatchQuery? { queries.isEmpty ? nil : queries.removeFirst() }
}

/// An engine with the catalog of ``SimulatedTables``, whose clock and database obey a test.
final class EngineUnderTest {
    let clock = ManualClock()
    let database = ManualDatabase()
    let engine: Engine
    /// Gives the rows of a query.
    var rows: (Query) -> [[String?]]

    /// - Parameter change: changes bounds that are otherwise too wide to be met.
    init(
        tasks: TaskQueue.Limits = .init(budget: .seconds(1)), replies: ReplyQueue.Limits = .init(),
        policy: BatchingPolicy = BatchingPolicy(window: .zero, maxKeys: 1000),
        rows: @escaping (Query) -> [[String?]] = { _ in [] },
        change: (inout EngineLimits) -> Void = { _ in }
    ) {
        var limits = EngineLimits(
            maxReplyBytes: 1 << 26, requestTimeout: .seconds(60), maxQueuedKeys: 100_000,
            maxClientKeys: 100_000, maxRows: 1_000_000, maxResultBytes: 1 << 30, maxUnreadBytes: 1 << 30)
        change(&limits)
        var settings = QueryTemplates.Settings()
        settings.policy = policy
        let templates = QueryTemplates()
        templates.install(SimulatedTables.catalog, settings)
        engine = Engine(
            clock: clock, templates: templates, batching: .init(maxKeyBytes: 1 << 20, maxInFlight: 4),
            limits: limits, tasks: tasks, replies: replies)
        self.rows = rows
        engine.attach(database)
    }

    /// An engine that does all work in slices of one row, one in each turn.
    static func inSlices(
        replies: ReplyQueue.Limits = .init(), rows: @escaping (Query) -> [[String?]] = { _ in [] },
        change: (inout EngineLimits) -> Void = { _ in }
    ) -> EngineUnderTest {
        let tasks = TaskQueue.Limits(budget: .zero, minTaskRows: 0, maxRowsAtOnce: 0, rowsInSlice: 1)
        return EngineUnderTest(tasks: tasks, replies: replies, rows: rows, change: change)
    }

    var context: EngineContext { engine.context }

    func client() -> ClientUnderTest { ClientUnderTest(engine) }

    func turn() { engine.decide() }

    /// Sends what is due, and answers the queries under way.
    func answer() throws {
        engine.decide()
        while let query = database.next() {
            for row in rows(try SQLReader.query(query.statement.sql)) { RowView.withCells(row, query.take) }
            engine.finished(query, .complete)
        }
    }

    /// Goes on until there is nothing left to do at this moment.
    func settle() throws {
        var isBusy = true
        while isBusy {
            try answer()
            engine.decide()
            let isAlarmDue = clock.alarm.map { $0 <= clock.now } ?? false
            isBusy = isAlarmDue || engine.isUndecided || !database.queries.isEmpty
        }
    }
}

/// The books of some authors, whose titles are all that a test decides.
struct Books {
    let titles: [Int: [String]]

    init(_ titles: [Int: [String]]) { self.titles = titles }

    /// One book of each author, with a title of so many letters.
    init(authors: ClosedRange<Int>, titleLength: Int) {
        titles = Dictionary(
            uniqueKeysWithValues: authors.map { ($0, [String(repeating: "x", count: titleLength)]) })
    }

    private func id(_ author: Int, _ index: Int) -> Int { author * 1000 + index }

    func rows(of query: Query) -> [[String?]] {
        query.keys.enumerated().flatMap { place, key -> [[String?]] in
            let author = Int(key) ?? 0
            return (titles[author] ?? []).enumerated().map { index, title in
                query.selected.map { selected -> String? in
                    switch selected {
                    case .column("id"): "\(id(author, index))"
                    case .column("author_id"): key
                    case .column: title
                    case .count: "\(titles[author]?.count ?? 0)"
                    case .ordinal: "\(place + 1)"
                    }
                }
            }
        }
    }

    /// `{"id":1000,"author_id":1,"title":"x"}`, with commas between them.
    func text(of author: Int) -> String {
        (titles[author] ?? []).enumerated().map { index, title in
            "{\"id\":\(id(author, index)),\"author_id\":\(author),\"title\":\"\(title)\"}"
        }.joined(separator: ",")
    }

    /// The reply to a load of one author's books.
    func reply(_ id: Int64, _ author: Int) -> String { "{\"id\":\(id),\"rows\":[\(text(of: author))]}" }
}
