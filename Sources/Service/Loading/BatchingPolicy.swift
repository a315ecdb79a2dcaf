/// How keys of one relationship gather.
struct BatchingPolicy: Equatable {
    /// Nanoseconds that a key waits for company at most.
    var window: Int64 = 0
    /// Of one query.
    var maxKeys = 1
    /// Which relationship goes first when connections are scarce.
    var priority = 0
}
