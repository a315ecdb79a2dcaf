import Batching
import Loading
import Logging
import MariaDB
import Planning
import Relations
import Time

// What the log levels `debug` and `trace` say of queries. Whoever tells of every query asks first whether it
// is wanted, because a Logger copies its handler to find out.

extension Logger {
    func querySent(_ query: BatchQuery, connection: UInt) {
        debug(
            "query sent",
            metadata: query.metadata([
                "connection": "\(connection)", "released_by": "\(query.batch.reason)",
                "queued_us": "\(query.batch.queuedFor.microseconds)",
                "attempts_before": "\(query.batch.priorAttempts)",
            ]))
        // It contains values of clients, which are wanted where somebody traces.
        trace(
            "statement: \(String(decoding: query.statement.sql, as: UTF8.self))",
            metadata: ["connection": "\(connection)"])
    }

    func queryEnded(_ query: BatchQuery, _ outcome: SlotOutcome, connection: UInt, at now: Instant) {
        debug(
            "query ended",
            metadata: query.metadata([
                "connection": "\(connection)", "rows": "\(query.rowCounts.reduce(0, +) + query.strayRows)",
                "took_us": "\(max(TimeSpan.zero, now - query.batch.sentAt).microseconds)",
                "outcome": "\(outcome.word)",
            ]))
    }

    func querySplit(_ query: BatchQuery) {
        debug(
            "the keys of a query are asked again in smaller parts",
            metadata: query.metadata(["keys_asked_alone": "\(query.hugeKeys.count)"]))
    }

    func queryKilled(_ query: BatchQuery) {
        debug("a query that nobody waits for is stopped", metadata: query.metadata([:]))
    }
}

extension BatchQuery {
    /// The metadata that every line about a query has, and more.
    fileprivate func metadata(_ more: Logger.Metadata) -> Logger.Metadata {
        let common: Logger.Metadata = [
            "relationship": "\(template.relationship.name)", "keys": "\(batch.keys.count)",
        ]
        return common.merging(more) { _, new in new }
    }
}

extension SlotOutcome {
    fileprivate var word: String {
        switch self {
        case .complete: "complete"
        case .failed(let error): "\(error)"
        case .changedColumns: "columns have changed"
        }
    }
}
