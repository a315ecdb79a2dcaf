/// How the keys of one relationship gather.
package struct BatchingPolicy: Equatable, Sendable {
    /// Nanoseconds that a key waits for company at most.
    package var window: Int64
    /// Keys that one query takes at most.
    package var maxKeys: Int
    /// Which relationship goes first when connections are scarce.
    package var priority: Int

    package init(window: Int64 = 0, maxKeys: Int = 1, priority: Int = 0) {
        self.window = window
        self.maxKeys = maxKeys
        self.priority = priority
    }
}
