import Time

// When something is done again.

/// Exponential backoff: waiting times that double from 50 ms to 5 s, or to the given cap, each drawn at
/// random from its upper half, so that many connections and many daemons do not all come at once to a server
/// that has just come back.
struct Backoff {
    private static let minWait = TimeSpan.milliseconds(50)
    private static let maxWait = TimeSpan.seconds(5)
    private var ceiling = minWait

    /// The next waiting time.
    mutating func next(atMost cap: TimeSpan = maxWait) -> TimeSpan {
        let wait = min(ceiling, cap)
        ceiling = min(wait * 2, Self.maxWait)
        return .nanoseconds(Int64.random(in: (wait / 2).nanoseconds...wait.nanoseconds))
    }

    mutating func reset() {
        ceiling = Self.minWait
    }
}

/// One run at a time of something that may be asked for at any moment. However often it is asked for during a
/// run, one more run follows: the one that is under way may have begun too early to see why.
struct CoalescedRun {
    private enum State {
        /// Next: running.
        case idle
        /// Next: idle, or running with a repetition due.
        case running(mustRepeat: Bool)
    }

    private var state = State.idle

    var isUnderWay: Bool { if case .running = state { true } else { false } }

    /// - Precondition: no run is under way.
    mutating func begin() {
        precondition(!isUnderWay, "a run begins after the one before has ended")
        state = .running(mustRepeat: false)
    }

    /// Asks for one more run after the one that is under way.
    /// - Returns: whether this is the first time that it is asked for during this run.
    /// - Precondition: a run is under way.
    @discardableResult mutating func repeatAfterwards() -> Bool {
        guard case .running(let mustRepeat) = state else {
            preconditionFailure("only a run that is under way can be repeated")
        }
        state = .running(mustRepeat: true)
        return !mustRepeat
    }

    /// - Returns: whether one more run was asked for, which is the caller's to begin.
    mutating func end() -> Bool {
        defer { state = .idle }
        if case .running(let mustRepeat) = state { return mustRepeat }
        return false
    }
}
