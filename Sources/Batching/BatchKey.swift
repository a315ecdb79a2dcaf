/// What may share a query: one relationship with one set of options. Two requests of different batch keys never meet.
package struct BatchKey: Hashable, Sendable {
    package let number: Int
    /// The most keys that one query of this batch key takes; 1 where keys cannot travel together.
    package let maxKeys: Int
    /// Nanoseconds that a key waits for company at most, while a connection is free.
    package let window: Int64
    /// Which of several batch keys goes first when connections are scarce: each step counts like 10 ms of waiting, so
    /// that nobody starves.
    package let priority: Int
    /// The relationship, which other batch keys may have in common with this one.
    package let relationship: Int

    package init(number: Int, maxKeys: Int, window: Int64, priority: Int = 0, relationship: Int? = nil) {
        self.number = number
        self.maxKeys = maxKeys
        self.window = window
        self.priority = priority
        self.relationship = relationship ?? number
    }

    package static func == (left: BatchKey, right: BatchKey) -> Bool { left.number == right.number }

    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}
