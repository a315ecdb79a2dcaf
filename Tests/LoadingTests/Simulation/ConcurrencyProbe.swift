import Batching
import Loading

/// When the batcher may have gone down to one query at a time, to see how quick the database is.
struct ConcurrencyProbe {
    /// It does so less often than that, in nanoseconds.
    private static let longestWithout = second / 2

    private var lastAlone: Int64 = 0
    private var last: ObjectIdentifier?
    private var isLastAlone = false
    /// Whether no key was ever asked again: what is taken, and given up at once, is not seen here.
    private var isWithoutRetries = true

    mutating func started(_ query: BatchQuery, isAlone: Bool) {
        last = ObjectIdentifier(query)
        isLastAlone = isAlone
    }

    mutating func ended(_ query: BatchQuery, _ outcome: BatchQuery.Outcome, at now: Int64) {
        guard case .complete = outcome, !query.needsNoMoreRows else {
            isWithoutRetries = false
            return
        }
        if isWithoutRetries, isLastAlone, last == ObjectIdentifier(query) { lastAlone = now }
    }

    /// Queries that may be in flight at one time, at least.
    func limit(_ limit: Int, at now: Int64) -> Int {
        now - lastAlone > Self.longestWithout ? 1 : limit
    }
}
