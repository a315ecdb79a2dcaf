package import Batching
package import Relations

/// What the daemon has done since it started; what `{"op":"stats"}` shows.
package final class Counters {
    package var requests = 0
    package var replies = 0
    /// Replies that were errors, by code.
    package var errors: [Failure.Code: Int] = [:]
    /// Keys that were asked for, `NULL` and unusable ones left out.
    package var keysAsked = 0
    /// Keys that were sent to the database, each once in a query; those that are asked again count again.
    package var keysSent = 0
    package var queries = 0
    package var rows = 0
    /// Batches whose keys were asked again in smaller ones.
    package var splits = 0
    /// Queries that the server was told to stop.
    package var kills = 0
    package private(set) var batchSizes = BatchSizes()
    /// The number of queries by the reason for which they were sent, in the order of its cases.
    private var releases = [Int](repeating: 0, count: ReleaseReason.allCases.count)
    /// Rows that belonged to none of the keys asked for. Should stay 0.
    package var strayRows = 0
    /// Rows of to-one relationships beyond the first.
    package var surplusRows = 0
    package var sessionsAccepted = 0
    /// Clients that were disconnected because they did not read their replies.
    package var slowReadersDropped = 0

    func countReply(_ error: Failure.Code?) {
        replies += 1
        if let error { errors[error, default: 0] += 1 }
    }

    func sent(_ batch: Batch) {
        queries += 1
        keysSent += batch.keys.count
        releases[batch.reason.rawValue] += 1
        batchSizes.add(batch.keys.count)
    }

    package func queries(released reason: ReleaseReason) -> Int { releases[reason.rawValue] }
}
