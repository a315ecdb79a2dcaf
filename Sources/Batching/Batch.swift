package import Relations

/// A request that waits. Numbers are never used twice, and grow.
package struct SubmissionID: Hashable, Sendable {
    package let number: UInt64
    /// Where the service keeps it.
    package let place: Int

    package init(_ number: UInt64, place: Int = 0) {
        self.number = number
        self.place = place
    }
}

/// One place that waits for one key's rows: the `position`th key of a request.
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
    package internal(set) var sent = Instant(nanoseconds: 0)
    /// Nanoseconds that it had to wait for another query to end, though it was due.
    package internal(set) var queuedFor: Int64 = 0
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

    /// Who waits for the key at `place`. Some may have been withdrawn.
    package func waiters(of place: Int) -> ArraySlice<Waiter> {
        waiters[(place == 0 ? 0 : ends[place - 1])..<ends[place]]
    }

    /// Where those who wait for the key at `place` end among all waiters.
    package func end(ofWaitersAt place: Int) -> Int { ends[place] }

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
    func part(_ places: some Sequence<Int>, wasSent: Bool = true) -> Batch {
        var part = Batch(batchKey: batchKey, reason: .retry)
        part.attempts = attempts + (wasSent ? 1 : 0)
        for place in places {
            for waiter in waiters(of: place) { part.add(waiter) }
            part.close(keys[place])
        }
        return part
    }
}
