import Time

/// How far a client reads what it is sent, from the moment at which it did not take all at once.
///
/// A byte now and then is not enough: a client that takes so few would hold the memory of all the rest for
/// ever.
struct SendProgress {
    /// Bytes that show that the client reads.
    private static let minProgress = 1 << 20

    /// Since when the client has taken less than ``minProgress``; nil while it takes all.
    private(set) var stalledSince: Instant?
    private var taken = 0
    /// When a request of the client's was last taken up. A client that writes all its requests before it
    /// reads is not dead, and what it is owed is bounded.
    private var lastRequest = Instant.zero

    /// Notes that the client did not take all.
    /// - Returns: whether it had taken all until now.
    mutating func stalled(at now: Instant) -> Bool {
        guard stalledSince == nil else { return false }
        (stalledSince, taken) = (now, 0)
        return true
    }

    mutating func sent(_ count: Int, at now: Instant) {
        guard stalledSince != nil else { return }
        taken += count
        if taken >= Self.minProgress { (stalledSince, taken) = (now, 0) }
    }

    mutating func requestWasTaken(at now: Instant) { lastRequest = now }

    mutating func caughtUp() { stalledSince = nil }

    /// When the client will have done nothing for too long: it has neither read enough, nor had a request
    /// taken up.
    func deadline(_ limits: ClientFrontend.Limits) -> Instant? {
        stalledSince.map { max($0, lastRequest) + .seconds(limits.sendTimeoutSeconds) }
    }
}
