import Batching
import Loading
import Relations
import Time
import Wire

/// The whole way of a load through the daemon without its sockets: from the lines of its clients to one
/// query, and from the query's rows to their replies.
extension Case {
    static let load = [
        Case(
            name: "load/by key", unit: "load of 64", unitsPerIteration: 64,
            ceiling: Cost(instructions: 11_550, allocations: 3.05)
        ) { Loads(kind: .one, rowsOfKey: 1, options: "").run(iterations: $0) },
        Case(
            name: "load/columns", unit: "load of 64", unitsPerIteration: 64,
            ceiling: Cost(instructions: 11_600, allocations: 3.05)
        ) { Loads(kind: .one, rowsOfKey: 1, options: columns).run(iterations: $0) },
        Case(
            name: "load/ten rows", unit: "load of 64", unitsPerIteration: 64,
            ceiling: Cost(instructions: 25_550, allocations: 3.1)
        ) { Loads(kind: .many, rowsOfKey: 10, options: columns).run(iterations: $0) },
        Case(
            name: "load/alone", unit: "load", unitsPerIteration: 1,
            ceiling: Cost(instructions: 31_400, allocations: 25.3)
        ) { Loads(kind: .one, rowsOfKey: 1, options: columns, clients: 1).run(iterations: $0) },
    ]

    private static let columns = #","columns":["id","author","title"]"#
}

/// Clients, an engine, and rows that are always the same.
private final class Loads {
    private let clock = StandingClock()
    private let runner = Runner()
    private let engine: Engine
    private let clients: [ReplyQueue]
    private let rows: TextRows
    /// What each client sends, with the ids and keys of a daemon that has run for a while.
    private let lines: [[UInt8]]
    private var decoder = RequestDecoder(.init(maxKeys: 10_000, maxIncludeDepth: 8, maxIncludes: 256))

    init(kind: Relationship.Kind, rowsOfKey: Int, options: String, clients count: Int = 64) {
        let templates = QueryTemplates()
        var settings = QueryTemplates.Settings()
        settings.policy = BatchingPolicy(window: .milliseconds(1), maxKeys: 500)
        templates.install(Catalog(relationships: [Self.relationship(kind)]), settings)
        engine = Engine(
            clock: clock, templates: templates, batching: .init(maxKeyBytes: 1 << 20, maxInFlight: 4),
            limits: EngineLimits(
                maxReplyBytes: 1 << 26, requestTimeout: .seconds(60), maxQueuedKeys: 100_000,
                maxClientKeys: 100_000, maxRows: 1_000_000, maxResultBytes: 1 << 30, maxUnreadBytes: 1 << 30),
            tasks: .init(budget: .seconds(1)))
        let context = engine.context
        clients = (0..<count).map { _ in ReplyQueue(account: ClientAccount(), context: context) }
        lines = (0..<count).map {
            Array(#"{"id":\#(40_000 + $0),"load":"a.b","key":\#(Self.key($0))\#(options)}"#.utf8)
        }
        rows = TextRows(
            (0..<count).flatMap { client in
                (0..<rowsOfKey).map { row in
                    [
                        "\(1_000_000 + 10 * client + row)", "\(Self.key(client))",
                        "The book of client \(client)",
                    ]
                }
            })
        engine.attach(runner)
    }

    private static func key(_ client: Int) -> Int { 20_000 + 977 * client }

    private static func relationship(_ kind: Relationship.Kind) -> Relationship {
        let integer = ColumnType.integer(bits: 32, signed: true, zerofill: false)
        let text = ColumnType.text(length: 80, charset: "utf8mb4", collation: "utf8mb4_general_ci")
        func column(_ name: String, _ type: ColumnType) -> Column {
            Column(name: name, type: type, declaration: "", isNullable: false)
        }
        let author = column("author", integer)
        let authors = Table(name: "a", columns: [author], primaryKey: ["author"], uniqueKeys: [])
        let books = Table(
            name: "b", columns: [column("id", integer), author, column("title", text)], primaryKey: ["id"],
            uniqueKeys: [])
        return Relationship(
            name: "a.b", kind: kind, parent: .init(authors), key: [author], matchedColumns: [author],
            to: books,
            dialect: .mariaDB)
    }

    /// - Returns: the number of bytes of the replies.
    func run(iterations: Int) -> Int {
        var bytes = 0
        for _ in 0..<iterations {
            clock.now += .milliseconds(10)
            for (client, line) in zip(clients, lines) { submit(line, from: client) }
            engine.decide()
            for query in runner.take() {
                for row in 0..<rows.count { query.take(rows[row]) }
                engine.finished(query, .complete)
            }
            for client in clients {
                client.send {
                    bytes += $0.count; return $0.count
                }
                client.sendingEnds(idleCapacity: 1 << 14)
            }
        }
        return bytes
    }

    private func submit(_ line: [UInt8], from client: ReplyQueue) {
        line.withUnsafeBytes { line in
            guard case .success(let request) = decoder.decode(line), case .load(let load) = request.operation
            else { return }
            engine.submit(load, id: request.id, bytes: line.count, from: client)
        }
    }
}

private final class StandingClock: EngineClock {
    var now = Instant(nanoseconds: 1_000_000_000)

    func refresh() {}

    func wake(at time: Instant?) {}
}

/// Holds queries until they are answered.
private final class Runner: QueryRunner {
    private var queries: [BatchQuery] = []
    var outage: QueryFailure? { nil }
    let hasFreeConnection = true

    func run(_ query: BatchQuery) { queries.append(query) }

    func kill(_ query: BatchQuery) {}

    func take() -> [BatchQuery] {
        defer { queries.removeAll(keepingCapacity: true) }
        return queries
    }
}

/// Rows as a driver holds them: for each column a pointer to its text, and its length. They are freed with
/// the program.
private struct TextRows {
    private let cells: [UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>]
    private let lengths: [UnsafeMutablePointer<UInt>]
    private let columns: Int

    /// - Parameter rows: as a query has them, the columns of the key first.
    init(_ rows: [[String]]) {
        columns = rows[0].count
        cells = rows.map { row in
            let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: row.count)
            for (index, cell) in row.enumerated() {
                let text = UnsafeMutablePointer<CChar>.allocate(capacity: cell.utf8.count + 1)
                for (offset, byte) in cell.utf8.enumerated() { text[offset] = CChar(bitPattern: byte) }
                pointers[index] = text
            }
            return pointers
        }
        lengths = rows.map { row in
            let lengths = UnsafeMutablePointer<UInt>.allocate(capacity: row.count)
            for (index, cell) in row.enumerated() { lengths[index] = UInt(cell.utf8.count) }
            return lengths
        }
    }

    var count: Int { cells.count }

    subscript(row: Int) -> RowView { RowView(cells: cells[row], lengths: lengths[row], count: columns) }
}
