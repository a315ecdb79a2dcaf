import Batching
import Logging
import MariaDB
import Planning
import Relations

// What `debug` and `trace` tell of queries. A Logger evaluates its arguments only if the level is on, so that otherwise
// each of these costs a comparison for each query, and nothing for each key or row.

extension Logger {
    func querySent(_ job: Job, connection: UInt) {
        debug(
            "query sent",
            metadata: job.metadata([
                "connection": "\(connection)", "released_by": "\(job.batch.release)",
                "queued_us": "\(job.batch.queuedFor / 1000)", "attempts_before": "\(job.batch.attempts)",
            ]))
        // The values in it are the clients': who traces wants to see them.
        trace(
            "statement: \(String(decoding: job.statement.sql, as: UTF8.self))",
            metadata: ["connection": "\(connection)"])
    }

    func queryEnded(_ job: Job, _ outcome: Job.Outcome, connection: UInt, at now: Int64) {
        debug(
            "query ended",
            metadata: job.metadata([
                "connection": "\(connection)", "rows": "\(job.rowCounts.reduce(0, +) + job.strayRows)",
                "took_us": "\(max(0, now - job.batch.sent.nanoseconds) / 1000)", "outcome": "\(outcome.word)",
            ]))
    }

    func queryDivided(_ job: Job) {
        debug(
            "the keys of a query are asked again in smaller parts",
            metadata: job.metadata(["keys_asked_alone": "\(job.hugeKeys.count)"]))
    }

    func queryDeserted(_ job: Job) {
        debug("a query that nobody waits for is stopped", metadata: job.metadata([:]))
    }
}

extension Job {
    /// What every line about it has.
    fileprivate func metadata(_ more: Logger.Metadata) -> Logger.Metadata {
        let common: Logger.Metadata = [
            "relationship": "\(route.relationship.name)", "keys": "\(batch.keys.count)",
        ]
        return common.merging(more) { _, new in new }
    }
}

extension Job.Outcome {
    fileprivate var word: String {
        switch self {
        case .complete: "complete"
        case .failed(let error): "\(error)"
        case .changedColumns: "columns have changed"
        }
    }
}
