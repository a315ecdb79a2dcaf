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
            metadata: [
                "connection": "\(connection)", "relationship": "\(job.route.relationship.name)",
                "keys": "\(job.batch.keys.count)", "released_by": "\(job.batch.release)",
                "queued_us": "\(job.batch.queuedFor / 1000)", "attempts_before": "\(job.batch.attempts)",
            ])
        // The values in it are the clients': who traces wants to see them.
        trace(
            "statement: \(String(decoding: job.statement.sql, as: UTF8.self))",
            metadata: ["connection": "\(connection)"])
    }

    func queryEnded(_ job: Job, _ outcome: Job.Outcome, connection: UInt, at now: Int64) {
        debug(
            "query ended",
            metadata: [
                "connection": "\(connection)", "relationship": "\(job.route.relationship.name)",
                "keys": "\(job.batch.keys.count)", "rows": "\(job.rowCounts.reduce(0, +) + job.strayRows)",
                "took_us": "\(max(0, now - job.batch.sent.nanoseconds) / 1000)", "outcome": "\(outcome.word)",
            ])
    }

    func queryDivided(_ job: Job) {
        debug(
            "the keys of a query are asked again in smaller parts",
            metadata: [
                "relationship": "\(job.route.relationship.name)", "keys": "\(job.batch.keys.count)",
                "keys_asked_alone": "\(job.hugeKeys.count)",
            ])
    }

    func queryDeserted(_ job: Job) {
        debug(
            "a query that nobody waits for is stopped",
            metadata: [
                "relationship": "\(job.route.relationship.name)", "keys": "\(job.batch.keys.count)",
            ])
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
