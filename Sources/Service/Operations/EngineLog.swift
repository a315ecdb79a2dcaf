import Loading
import Logging
import Relations
import Time

/// Writes into the log what the engine reports. Errors that a database may give to thousands of queries are
/// logged once a second.
struct EngineLog {
    private let logger: Logger
    /// One for each error number of the server.
    private var refusals: [UInt32: LogThrottle] = [:]

    init(_ logger: Logger) {
        self.logger = logger
    }

    mutating func report(_ event: EngineEvent, at now: Instant) {
        switch event {
        case .requestTimedOut(let reason):
            logger.debug("a request has timed out", metadata: ["reason": "\(reason)"])
        case .queryRefused(let query, let failure): refused(query, failure, at: now)
        case .querySplit(let query): logger.querySplit(query)
        case .queryKilled(let query): logger.queryKilled(query)
        case .strayRows(let query):
            logger.error(
                "rows came back that belong to no key asked for",
                metadata: [
                    "relationship": "\(query.template.relationship.name)", "rows": "\(query.strayRows)",
                ])
        case .catalogOutdated: break
        }
    }

    private mutating func refused(_ query: BatchQuery, _ failure: QueryFailure, at now: Instant) {
        guard let others = refusals[failure.errno, default: LogThrottle()].admit(at: now) else { return }
        logger.warning(
            "the database refused a query",
            metadata: [
                "relationship": "\(query.template.relationship.name)", "error": "\(failure.description)",
                "others_since_the_last_line": "\(others)",
            ])
    }
}
