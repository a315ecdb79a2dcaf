/// How a client takes what it is sent, from the moment at which it did not take all at once.
///
/// Any byte is not enough: who takes a few now and then would hold the memory of all the rest for ever.
struct SendProgress {
    /// Bytes that show that it reads.
    private static let enough = 1 << 20

    /// Since when it has taken less than that; nil: it takes all.
    private(set) var since: Int64?
    private var taken = 0
    /// When it last went on asking: who writes all it has to ask before it reads is not dead. What it is owed is bounded.
    private var lastRequest: Int64 = 0

    /// Answers whether this is news.
    mutating func begin(at now: Int64) -> Bool {
        guard since == nil else { return false }
        (since, taken) = (now, 0)
        return true
    }

    mutating func take(_ count: Int, at now: Int64) {
        guard since != nil else { return }
        taken += count
        if taken >= Self.enough { (since, taken) = (now, 0) }
    }

    mutating func goOn(at now: Int64) { lastRequest = now }

    mutating func end() { since = nil }

    /// When it will have done nothing for too long: it has neither read enough, nor had a request taken up.
    func deadline(_ limits: Server.Limits) -> Int64? {
        since.map { max($0, lastRequest) + Int64(limits.sendTimeoutSeconds) * 1_000_000_000 }
    }
}
