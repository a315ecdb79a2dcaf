import Batching

/// What has been asked of one relationship, with whatever options, and sent for it. Outlives changes of the catalog.
final class Traffic {
    /// Keys that were asked for, `NULL` and unusable ones left out.
    var keysAsked = 0
    private(set) var keysSent = 0
    private(set) var queries = 0
    var rows = 0

    func sent(_ batch: Batch) {
        queries += 1
        keysSent += batch.keys.count
    }

    var members: [(name: StaticString, value: Int)] {
        [("keys_asked", keysAsked), ("keys_sent", keysSent), ("queries", queries), ("rows", rows)]
    }
}

/// How many batches there were of which size, in powers of two.
struct BatchSizes {
    /// By the logarithm of the least size: 1, 2–3, 4–7, …
    private(set) var counts = Array(repeating: 0, count: Int.bitWidth)

    mutating func add(_ size: Int) {
        counts[max(0, Int.bitWidth - 1 - size.leadingZeroBitCount)] += 1
    }
}
