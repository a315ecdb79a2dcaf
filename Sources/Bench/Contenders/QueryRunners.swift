import MariaDB
import Reactor
import Wire

/// A connection to the database that runs one query at a time.
protocol BenchQueryRunner: AnyObject {
    var isIdle: Bool { get }

    func run(_ part: Int, _ keyIndices: [Int], onEnd: @escaping (_ error: RequestFailure?) -> Void)
}

/// Runs text queries: `SELECT … WHERE author_id = 42`, or `IN (…)`.
final class TextRunner: BenchQueryRunner {
    private let mix: WorkloadMix
    private let connection: DatabaseConnection
    /// For each part of the mix, what encodes its rows as a proxy would; empty if rows are only read.
    private let encoders: [(encoder: RowEncoder, skipped: Int)]
    private var output = ByteBuffer()

    /// - Parameter encodingRowsOf: How many keys the queries have whose rows are written as JSON and thrown
    ///   away; nil: rows are only read.
    init(_ mix: WorkloadMix, _ connection: DatabaseConnection, encodingRowsOf keys: Int? = nil) {
        self.mix = mix
        self.connection = connection
        encoders = keys.map { keys in mix.parts.map { $0.encoder(keys: keys) } } ?? []
    }

    var isIdle: Bool { connection.isIdle }

    func run(_ part: Int, _ keyIndices: [Int], onEnd: @escaping (RequestFailure?) -> Void) {
        let statement = mix.parts[part].statement(keyIndices)
        connection.run(statement) { [unowned self] row in
            guard !encoders.isEmpty else { return }
            let (encoder, skipped) = encoders[part]
            encoder.encode(into: &output) { row[skipped + $0] }
        } onEnd: { [unowned self] error in
            output.removeAll(keepingCapacity: 1 << 20)
            onEnd(error.map(RequestFailure.init))
        }
    }
}

/// Runs a statement that was prepared once; for integer keys.
final class PreparedRunner: BenchQueryRunner {
    private let workload: Workload
    private let query: PreparedQuery
    private var driver: ConnectionDriver?
    private var onEnd: (RequestFailure?) -> Void = { _ in }
    private(set) var isIdle = true

    init(_ workload: Workload, _ endpoint: Endpoint, _ loop: EventLoop) throws {
        self.workload = workload
        let query = try PreparedQuery(endpoint, sql: workload.preparedStatement)
        self.query = query
        driver = ConnectionDriver(loop, resume: query.resume) { [unowned self] progress in
            isIdle = true
            if case .failed(let error) = progress { onEnd(RequestFailure(error)) } else { onEnd(nil) }
            return nil
        }
    }

    func run(_ part: Int, _ keyIndices: [Int], onEnd: @escaping (RequestFailure?) -> Void) {
        self.onEnd = onEnd
        isIdle = false
        driver?.proceed(query.run(keyIndices.compactMap { workload.integer($0) }))
    }
}

extension RequestFailure {
    fileprivate init(_ error: DatabaseError) {
        self.init(message: "\(error)", isConnectionLost: error.kind != .statement)
    }
}
