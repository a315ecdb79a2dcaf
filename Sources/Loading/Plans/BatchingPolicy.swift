package import Time

/// How the keys of one relationship gather.
package struct BatchingPolicy: Equatable, Sendable {
    /// The longest time that a key waits for company.
    package var window: TimeSpan
    /// Keys that one query takes at most.
    package var maxKeys: Int
    /// Which relationship goes first when connections are scarce.
    package var priority: Int

    package init(window: TimeSpan = .zero, maxKeys: Int = 1, priority: Int = 0) {
        self.window = window
        self.maxKeys = maxKeys
        self.priority = priority
    }
}
