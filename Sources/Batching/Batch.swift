package import Relations

/// A request that waits, by the number under which the service knows it. Numbers are never used twice.
package struct TicketID: Hashable, Sendable {
    package let number: UInt64

    package init(_ number: UInt64) {
        self.number = number
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

/// What may share a query: one relationship with one set of options. Two requests of different shapes never meet.
package struct Shape: Hashable, Sendable {
    package let number: Int
    /// The most keys that one query of this shape takes; 1 where keys cannot travel together.
    package let maxKeys: Int

    package init(number: Int, maxKeys: Int) {
        self.number = number
        self.maxKeys = maxKeys
    }
}

/// A distinct key and all who ask for it.
package struct Entry: Hashable, Sendable {
    package let key: Key
    package let since: Instant
    /// In the order of their tickets.
    package internal(set) var askers: [Asker]
    /// Those that do not wait any more. They leave `askers` when the batch is taken: one by one would be quadratic.
    var withdrawn: Set<TicketID> = []
    var withdrawnAskers = 0
}

/// Keys that go to the database in one query.
package struct Batch: Hashable, Sendable {
    package let shape: Shape
    /// Distinct keys, in the order in which they were first asked for.
    package let entries: [Entry]
    /// How often its keys have been sent before: because a query of several keys failed, or because the connection
    /// was lost before any row had come.
    package let attempts: Int
}
