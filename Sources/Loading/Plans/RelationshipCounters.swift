import Batching

/// What has been asked of one relationship, with whatever options, and sent for it. Outlives changes of the
/// catalog.
package final class RelationshipCounters {
    /// The relationship's number among all that there have been.
    let number: Int
    /// Keys that were asked for, `NULL` and unusable ones left out.
    package internal(set) var keysAsked = 0
    package private(set) var keysSent = 0
    package private(set) var queries = 0
    package internal(set) var rows = 0

    init(number: Int) {
        self.number = number
    }

    func sent(_ batch: Batch) {
        queries += 1
        keysSent += batch.keys.count
    }
}
