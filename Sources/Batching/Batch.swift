package import Relations
package import Time

/// Says what may share a query: one relationship with one selection of its rows (filters, order, limit,
/// offset, count), whichever columns are shown. Requests with different batch keys never share one. Two batch
/// keys are equal if their numbers are.
package struct BatchKey: Hashable, Sendable {
    package let number: Int
    /// The greatest number of keys in one query; 1 if keys cannot share a query.
    package let maxKeys: Int
    /// How long a key waits for company at most while a connection is free.
    package let window: TimeSpan
    /// Says which of several batch keys goes first when connections are scarce. Each step counts like 10 ms
    /// of waiting, so that no batch key starves.
    package let priority: Int
    /// The number of the relationship, which other batch keys may have too.
    package let relationshipNumber: Int

    package init(
        number: Int, maxKeys: Int, window: TimeSpan, priority: Int = 0, relationshipNumber: Int? = nil
    ) {
        self.number = number
        self.maxKeys = maxKeys
        self.window = window
        self.priority = priority
        self.relationshipNumber = relationshipNumber ?? number
    }

    package static func == (left: BatchKey, right: BatchKey) -> Bool { left.number == right.number }

    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// The identity of keys that were submitted together: a request's, or those of one relationship that it
/// includes. Numbers grow, and are never used twice.
package struct SubmissionID: Hashable, Sendable {
    package let number: UInt64
    /// Where the caller keeps the request, for the caller's own use.
    package let index: Int

    package init(_ number: UInt64, index: Int = 0) {
        self.number = number
        self.index = index
    }
}

/// One key of one submission, which waits for its rows.
package struct Waiter: Hashable, Sendable {
    package let submission: SubmissionID
    /// The position of the key among those that were submitted together, from 0.
    package let position: Int

    package init(submission: SubmissionID, position: Int) {
        self.submission = submission
        self.position = position
    }
}

/// Why keys no longer wait for others to share their query.
package enum ReleaseReason: Int, CaseIterable, Sendable {
    /// No query of their batch key was in flight.
    case idle
    /// There were enough keys for a full batch.
    case full
    /// Waiting any longer would have cost more than it gained.
    case gathered
    /// A request's own deadline was near.
    case deadline
    /// The keys were sent again, after an error or in smaller parts.
    case retry
}

/// Keys that go to the database in one query, and the waiters of each.
package struct Batch: Sendable {
    package let batchKey: BatchKey
    /// The keys, which are all different.
    package private(set) var keys: [Key] = []
    /// How often its keys have been sent before. They are sent again if a query of several keys failed or
    /// brought too much, and if the connection was lost before any row had come.
    package private(set) var priorAttempts = 0
    /// Why the keys were sent.
    package internal(set) var reason: ReleaseReason
    /// When the batch was handed out to be sent.
    package internal(set) var sentAt = Instant.zero
    /// How long the batch had to wait for another query to end, although it was due.
    package internal(set) var queuedFor = TimeSpan.zero
    /// The number of the batch among all that were handed out.
    var number = 0
    /// Whether no query was in flight when the batch was handed out, not counting overdue ones. If no other
    /// batch was handed out before its query ended, that query had the database for itself.
    var wasAlone = false
    /// The waiters of the first key, followed by those of the second, and so on.
    private var waiters: [Waiter] = []
    /// By key, where its waiters end; they begin where those of the key before end.
    private var ends: [Int] = []

    init(batchKey: BatchKey, reason: ReleaseReason) {
        self.batchKey = batchKey
        self.reason = reason
    }

    /// The waiters of a key, some of which may have been withdrawn.
    /// - Parameter index: the key's index in ``keys``.
    package func waiters(of index: Int) -> ArraySlice<Waiter> {
        waiters[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// Where the waiters of a key end in ``allWaiters``.
    /// - Parameter index: the key's index in ``keys``.
    package func end(ofWaitersAt index: Int) -> Int { ends[index] }

    /// The waiters of all keys, in the order of ``keys``.
    package var allWaiters: [Waiter] { waiters }

    mutating func reserve(_ count: Int) {
        keys.reserveCapacity(count)
        ends.reserveCapacity(count)
        waiters.reserveCapacity(count)
    }

    mutating func add(_ waiter: Waiter) { waiters.append(waiter) }

    /// Adds a key, whose waiters are those that were added since the key before.
    mutating func addKey(_ key: Key) {
        keys.append(key)
        ends.append(waiters.count)
    }

    /// Makes a batch of some of the keys, to be sent again.
    /// - Parameters:
    ///   - indices: the indices of the keys.
    ///   - wasSent: whether this batch counts as an attempt.
    func part(_ indices: some Sequence<Int>, wasSent: Bool = true) -> Batch {
        var part = Batch(batchKey: batchKey, reason: .retry)
        part.priorAttempts = priorAttempts + (wasSent ? 1 : 0)
        for index in indices {
            for waiter in waiters(of: index) { part.add(waiter) }
            part.addKey(keys[index])
        }
        return part
    }
}
