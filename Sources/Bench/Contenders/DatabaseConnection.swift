import MariaDB
import Reactor

/// A connection to the database that runs text queries, one at a time.
final class DatabaseConnection {
    private let connection: Connection
    private var driver: ConnectionDriver?
    private var onRow: (Row) -> Void = { _ in }
    private var onEnd: (DatabaseError?) -> Void = { _ in }
    private(set) var isIdle = false
    private(set) var failure: DatabaseError?

    init(_ endpoint: Endpoint, _ loop: EventLoop) {
        let attempt = ConnectAttempt()
        // A handshake waits, and nothing is measured yet.
        if endpoint.tls != nil { failure = attempt.run(endpoint) }
        let made = attempt.take()
        let connection = made ?? Connection(endpoint)
        self.connection = connection
        driver = ConnectionDriver(loop, resume: connection.resume) { [unowned self] in follow($0) }
        if endpoint.tls == nil { driver?.proceed(connection.connect()) } else { isIdle = made != nil }
    }

    var isReadyOrFailed: Bool { isIdle || failure != nil }

    var fileDescriptor: Int32 { connection.fileDescriptor }

    func run(
        _ statement: [UInt8], onRow: @escaping (Row) -> Void, onEnd: @escaping (DatabaseError?) -> Void
    ) {
        self.onRow = onRow
        self.onEnd = onEnd
        isIdle = false
        driver?.proceed(connection.query(statement))
    }

    private func follow(_ progress: Progress) -> Progress? {
        switch progress {
        case .waiting: return progress
        case .columns: return connection.fetch()
        case .row:
            onRow(connection.currentRow)
            return connection.fetch()
        case .connected, .done, .end:
            isIdle = true
            onEnd(nil)
        case .failed(let error):
            isIdle = error.kind == .statement
            if !isIdle { failure = error }
            onEnd(error)
        }
        return nil
    }
}
