import DequeModule
import MariaDB
import Reactor
import Wire

/// Queries on connections of its own, one at a time on each: what applications do without kindred.
final class DatabaseContender: Contender {
    var onDone: (Completion) -> Void = { _ in }
    private let connections: [DatabaseConnection]
    private let workload: Workload
    private let keysPerQuery: Int
    private var picker: KeyPicker
    private let loop: EventLoop
    private let encoding: (encoder: RowEncoder, skipped: Int)?
    private var output = ByteBuffer()
    /// By client: when loads that wait for their connection were meant to be sent.
    private var waiting: [Deque<Int64>]
    private(set) var outstanding = 0

    /// - Parameter encodesRows: whether rows are written as JSON, as a proxy would, and thrown away.
    init(
        _ workload: Workload, over connections: [DatabaseConnection], keysPerQuery: Int, encodesRows: Bool,
        loop: EventLoop
    ) {
        self.workload = workload
        self.connections = connections
        self.keysPerQuery = keysPerQuery
        self.loop = loop
        picker = workload.picker(seed: 1)
        encoding = encodesRows ? workload.encoder(keys: keysPerQuery) : nil
        waiting = Array(repeating: [], count: connections.count)
    }

    func issue(client: Int, intended: Int64) {
        outstanding += 1
        if connections[client].isIdle { start(client, intended) } else { waiting[client].append(intended) }
    }

    func flush() {}

    private func start(_ client: Int, _ intended: Int64) {
        let statement = workload.statement((0..<keysPerQuery).map { _ in picker.next() })
        connections[client].run(statement) { [unowned self] row in
            take(row)
        } onEnd: { [unowned self] error in
            outstanding -= 1
            output.removeAll(keepingCapacity: 1 << 20)
            if let next = waiting[client].popFirst() { start(client, next) }
            onDone(
                Completion(client: client, intended: intended, loads: keysPerQuery, error: error?.description)
            )
        }
    }

    private func take(_ row: Row) {
        guard let encoding else { return }
        encoding.encoder.encode(into: &output) { row[encoding.skipped + $0] }
    }
}

/// A connection that runs one statement at a time for its contender.
final class DatabaseConnection {
    private let connection: Connection
    private let loop: EventLoop
    private var watch: Watch?
    private var onRow: (Row) -> Void = { _ in }
    private var onEnd: (DatabaseError?) -> Void = { _ in }
    private(set) var isIdle = false
    private(set) var failure: DatabaseError?

    init(_ endpoint: Endpoint, _ loop: EventLoop) {
        connection = Connection(endpoint)
        self.loop = loop
        proceed(connection.connect())
    }

    var isSettled: Bool { isIdle || failure != nil }

    var fileDescriptor: Int32 { connection.fileDescriptor }

    func run(
        _ statement: [UInt8], onRow: @escaping (Row) -> Void, onEnd: @escaping (DatabaseError?) -> Void
    ) {
        self.onRow = onRow
        self.onEnd = onEnd
        isIdle = false
        proceed(connection.query(statement))
    }

    private func proceed(_ first: Progress) {
        var progress = first
        while true {
            switch progress {
            case .waiting(let interest): return wait(for: interest)
            case .columns: progress = connection.fetch()
            case .row:
                onRow(connection.currentRow)
                progress = connection.fetch()
            case .connected, .done, .end:
                isIdle = true
                return onEnd(nil)
            case .failed(let error):
                isIdle = error.kind == .statement
                if !isIdle { failure = error }
                return onEnd(error)
            }
        }
    }

    private func wait(for interest: Interest) {
        if watch?.fileDescriptor != interest.fileDescriptor {
            watch?.cancel()
            watch = Watch(loop, fileDescriptor: interest.fileDescriptor) { [unowned self] readiness in
                var events: MariaDB.Readiness = []
                if readiness.contains(.readable) { events.insert(.readable) }
                if readiness.contains(.writable) { events.insert(.writable) }
                if !isIdle { proceed(connection.resume(ready: events)) }
            }
        }
        watch?.set(
            readable: interest.events.contains(.readable), writable: interest.events.contains(.writable))
    }
}
