package import Relations
package import Time

/// What may share a query: one relationship with one set of options. Two requests of different batch keys never meet.
package struct BatchKey: Hashable, Sendable {
    package let number: Int
    /// The most keys that one query of this batch key takes; 1 where keys cannot travel together.
    package let maxKeys: Int
    /// How long a key waits for company at most while a connection is free.
    package let window: TimeSpan
    /// Which of several batch keys goes first when connections are scarce: each step counts like 10 ms of waiting, so
    /// that nobody starves.
    package let priority: Int
    /// The relationship, which other batch keys may have in common with this one.
    package let relationship: Int

    package init(number: Int, maxKeys: Int, window: TimeSpan, priority: Int = 0, relationship: Int? = nil) {
        self.number = number
        self.maxKeys = maxKeys
        self.window = window
        self.priority = priority
        self.relationship = relationship ?? number
    }

    package static func == (left: BatchKey, right: BatchKey) -> Bool { left.number == right.number }

    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// A request that waits. Numbers are never used twice, and grow.
package struct SubmissionID: Hashable, Sendable {
    package let number: UInt64
    /// Where the service keeps it.
    package let index: Int

    package init(_ number: UInt64, index: Int = 0) {
        self.number = number
        self.index = index
    }
}

/// One index that waits for one key's rows: the `position`th key of a request.
package struct Waiter: Hashable, Sendable {
    package let submission: SubmissionID
    package let position: Int

    package init(submission: SubmissionID, position: Int) {
        self.submission = submission
        self.position = position
    }
}

/// Why keys stopped waiting for company.
package enum DispatchReason: Hashable, Sendable {
    /// No query of their batch key was in flight.
    case idle
    /// There were enough for a full batch.
    case full
    /// More waiting would have cost more than it gained.
    case gathered
    /// A request's own deadline pressed.
    case deadline
    /// They were asked for again, after an error or in smaller parts.
    case retry
}

/// Keys that go to the database in one query.
package struct Batch: Sendable {
    package let batchKey: BatchKey
    /// Distinct keys.
    package private(set) var keys: [Key] = []
    /// How often its keys have been sent before: because a query of several keys failed, or brought too much, or because
    /// the connection was lost before any row had come.
    package private(set) var attempts = 0
    package internal(set) var reason: DispatchReason
    package internal(set) var sent = Instant.zero
    /// How long it had to wait for another query to end, though it was due.
    package internal(set) var queuedFor = TimeSpan.zero
    /// Counts the batches that were taken.
    var number = 0
    /// Whether no other was in flight when it was taken, but such as were overdue. If none has been taken when it ends,
    /// it had the database for itself.
    var wasAlone = false
    /// Of all keys, one after another.
    private var waiters: [Waiter] = []
    /// Where the waiters of each key end; they begin where those of the key before end.
    private var ends: [Int] = []

    init(batchKey: BatchKey, reason: DispatchReason) {
        self.batchKey = batchKey
        self.reason = reason
    }

    /// Who waits for the key at `index`. Some may have been withdrawn.
    package func waiters(of index: Int) -> ArraySlice<Waiter> {
        waiters[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// Where those who wait for the key at `index` end among all waiters.
    package func end(ofWaitersAt index: Int) -> Int { ends[index] }

    /// Of all keys.
    package var allWaiters: [Waiter] { waiters }

    mutating func reserve(_ count: Int) {
        keys.reserveCapacity(count)
        ends.reserveCapacity(count)
        waiters.reserveCapacity(count)
    }

    mutating func add(_ waiter: Waiter) { waiters.append(waiter) }

    /// The waiters added since the last key are this key's.
    mutating func close(_ key: Key) {
        keys.append(key)
        ends.append(waiters.count)
    }

    /// Some of its keys, to be asked for again.
    /// - Parameter wasSent: whether this batch was an attempt.
    func part(_ indices: some Sequence<Int>, wasSent: Bool = true) -> Batch {
        var part = Batch(batchKey: batchKey, reason: .retry)
        part.attempts = attempts + (wasSent ? 1 : 0)
        for index in indices {
            for waiter in waiters(of: index) { part.add(waiter) }
            part.close(keys[index])
        }
        return part
    }
}
