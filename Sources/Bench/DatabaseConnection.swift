import MariaDB
import Reactor

/// Drives one connection, whatever it runs: hands it what its descriptor says, until an operation is over.
final class Driver {
    private let loop: EventLoop
    private let resume: (MariaDB.Readiness) -> Progress
    private let step: (Progress) -> Progress?
    private var watch: Watch?
    /// Whether an operation waits for the descriptor.
    private var isWaiting = false

    /// - Parameters:
    ///   - resume: goes on after something that was waited for.
    ///   - step: what follows this; nil if nothing does.
    init(
        _ loop: EventLoop, resume: @escaping (MariaDB.Readiness) -> Progress,
        step: @escaping (Progress) -> Progress?
    ) {
        self.loop = loop
        self.resume = resume
        self.step = step
    }

    func proceed(_ first: Progress) {
        var progress = first
        while true {
            if case .waiting(let interest) = progress { return wait(for: interest) }
            guard let next = step(progress) else { return }
            progress = next
        }
    }

    private func wait(for interest: Interest) {
        isWaiting = true
        if watch?.fileDescriptor != interest.fileDescriptor {
            watch?.cancel()
            watch = Watch(loop, fileDescriptor: interest.fileDescriptor) { [unowned self] readiness in
                // The server has hung up while nothing was asked of it: the next query will say so.
                guard isWaiting else {
                    watch?.set(readable: false, writable: false)
                    return
                }
                isWaiting = false
                var events: MariaDB.Readiness = []
                if readiness.contains(.readable) { events.insert(.readable) }
                if readiness.contains(.writable) { events.insert(.writable) }
                proceed(resume(events))
            }
        }
        watch?.set(
            readable: interest.events.contains(.readable), writable: interest.events.contains(.writable))
    }
}

/// A connection that sends text.
final class DatabaseConnection {
    private let connection: Connection
    private var driver: Driver?
    private var onRow: (Row) -> Void = { _ in }
    private var onEnd: (DatabaseError?) -> Void = { _ in }
    private(set) var isIdle = false
    private(set) var failure: DatabaseError?

    init(_ endpoint: Endpoint, _ loop: EventLoop) {
        let connection = Connection(endpoint)
        self.connection = connection
        driver = Driver(loop, resume: connection.resume) { [unowned self] in follow($0) }
        driver?.proceed(connection.connect())
    }

    var isSettled: Bool { isIdle || failure != nil }

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
