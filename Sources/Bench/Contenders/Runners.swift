import MariaDB
import Reactor
import Wire

/// A connection that runs one query at a time.
protocol QueryRunner: AnyObject {
    var isIdle: Bool { get }

    func run(_ part: Int, _ places: [Int], onEnd: @escaping (_ error: Trouble?) -> Void)
}

/// Text queries: `SELECT … WHERE author_id = 42`, or `IN (…)`.
final class TextRunner: QueryRunner {
    private let mix: Mix
    private let connection: DatabaseConnection
    /// By part of the mix; what encodes rows as a proxy would, to be thrown away.
    private let encoders: [(encoder: RowEncoder, skipped: Int)]
    private var output = ByteBuffer()

    /// - Parameter encodingRowsOf: keys of a query whose rows are written as JSON; nil: rows are only read.
    init(_ mix: Mix, _ connection: DatabaseConnection, encodingRowsOf keys: Int? = nil) {
        self.mix = mix
        self.connection = connection
        encoders = keys.map { keys in mix.parts.map { $0.encoder(keys: keys) } } ?? []
    }

    var isIdle: Bool { connection.isIdle }

    func run(_ part: Int, _ places: [Int], onEnd: @escaping (Trouble?) -> Void) {
        let statement = mix.parts[part].statement(places)
        connection.run(statement) { [unowned self] row in
            guard !encoders.isEmpty else { return }
            let (encoder, skipped) = encoders[part]
            encoder.encode(into: &output) { row[skipped + $0] }
        } onEnd: { [unowned self] error in
            output.removeAll(keepingCapacity: 1 << 20)
            onEnd(error.map(Trouble.init))
        }
    }
}

/// A statement that was prepared once: for integer keys.
final class PreparedRunner: QueryRunner {
    private let workload: Workload
    private let query: PreparedQuery
    private var driver: Driver?
    private var onEnd: (Trouble?) -> Void = { _ in }
    private(set) var isIdle = true

    init(_ workload: Workload, _ endpoint: Endpoint, _ loop: EventLoop) throws {
        self.workload = workload
        let query = try PreparedQuery(endpoint, sql: workload.preparedStatement)
        self.query = query
        driver = Driver(loop, resume: query.resume) { [unowned self] progress in
            isIdle = true
            if case .failed(let error) = progress { onEnd(Trouble(error)) } else { onEnd(nil) }
            return nil
        }
    }

    func run(_ part: Int, _ places: [Int], onEnd: @escaping (Trouble?) -> Void) {
        self.onEnd = onEnd
        isIdle = false
        driver?.proceed(query.run(places.compactMap { workload.integer($0) }))
    }
}

extension Trouble {
    fileprivate init(_ error: DatabaseError) {
        self.init(message: "\(error)", isConnectionLost: error.kind != .statement)
    }
}
