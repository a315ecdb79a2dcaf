package import Relations

/// A request that waits. Numbers are never used twice, and grow.
package struct TicketID: Hashable, Sendable {
    package let number: UInt64
    /// Where the service keeps it.
    package let place: Int

    package init(_ number: UInt64, place: Int = 0) {
        self.number = number
        self.place = place
    }
}

/// One place that waits for one key's rows: the `position`th key of a request.
package struct Asker: Hashable, Sendable {
    package let ticket: TicketID
    package let position: Int

    package init(ticket: TicketID, position: Int) {
        self.ticket = ticket
        self.position = position
    }
}

/// Why keys stopped waiting for company.
package enum Release: Hashable, Sendable {
    /// No query of their shape was in flight.
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
    package let shape: Shape
    /// Distinct keys.
    package private(set) var keys: [Key] = []
    /// How often its keys have been sent before: because a query of several keys failed, or brought too much, or because
    /// the connection was lost before any row had come.
    package private(set) var attempts = 0
    package internal(set) var release: Release
    package internal(set) var sent = Instant(nanoseconds: 0)
    /// Nanoseconds that it had to wait for another query to end, though it was due.
    package internal(set) var queuedFor: Int64 = 0
    /// Counts the batches that were taken.
    var number = 0
    /// Whether no other was in flight when it was taken, but such as were overdue. If none has been taken when it ends,
    /// it had the database for itself.
    var wasAlone = false
    /// Of all keys, one after another.
    private var askers: [Asker] = []
    /// Where the askers of each key end; they begin where those of the key before end.
    private var ends: [Int] = []

    init(shape: Shape, release: Release) {
        self.shape = shape
        self.release = release
    }

    /// Who waits for the key at `place`. Some may have been withdrawn.
    package func askers(of place: Int) -> ArraySlice<Asker> {
        askers[(place == 0 ? 0 : ends[place - 1])..<ends[place]]
    }

    /// Where those who wait for the key at `place` end among all askers.
    package func end(ofAskersAt place: Int) -> Int { ends[place] }

    /// Of all keys.
    package var allAskers: [Asker] { askers }

    mutating func reserve(_ count: Int) {
        keys.reserveCapacity(count)
        ends.reserveCapacity(count)
        askers.reserveCapacity(count)
    }

    mutating func add(_ asker: Asker) { askers.append(asker) }

    /// The askers added since the last key are this key's.
    mutating func close(_ key: Key) {
        keys.append(key)
        ends.append(askers.count)
    }

    /// Some of its keys, to be asked for again.
    /// - Parameter wasSent: whether this batch was an attempt.
    func part(_ places: some Sequence<Int>, wasSent: Bool = true) -> Batch {
        var part = Batch(shape: shape, release: .retry)
        part.attempts = attempts + (wasSent ? 1 : 0)
        for place in places {
            for asker in askers(of: place) { part.add(asker) }
            part.close(keys[place])
        }
        return part
    }
}
