import Logging
import Reactor

/// Tells of connections that were lost: a server that goes takes all of them along within a moment, and the log says so
/// once.
final class ConnectionLosses {
    /// Nanoseconds in which losses are gathered.
    private static let moment: Int64 = 100_000_000

    private let loop: EventLoop
    private let logger: Logger
    /// By what was said of them.
    private var counts: [String: Int] = [:]
    private var alarm: Alarm?

    init(_ loop: EventLoop, _ logger: Logger) {
        self.loop = loop
        self.logger = logger
        alarm = Alarm(loop) { [unowned self] in report() }
    }

    func add(_ error: String) {
        if counts.isEmpty { alarm?.set(at: loop.now + Self.moment) }
        counts[error, default: 0] += 1
    }

    func report() {
        for (error, count) in counts.sorted(by: { $0.key < $1.key }) {
            let message: Logger.Message =
                count == 1 ? "a database connection was lost" : "\(count) database connections were lost"
            logger.info(message, metadata: ["error": "\(error)"])
        }
        counts = [:]
    }
}
