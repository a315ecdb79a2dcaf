import CLibevent
import Glibc
package import Time

/// One thread's loop over file descriptors, timers and signals. It and everything made with it belong to the
/// thread that made it; nothing here may be touched from another one.
package final class EventLoop {
    let base: OpaquePointer
    private let thread = pthread_self()
    /// The time on the monotonic clock, sampled when the wait is over, and again by ``refreshTime()``.
    package private(set) var now: Instant
    /// When the turn began: the time at which its first callback was called.
    package private(set) var turnBegan: Instant
    private var isTimeSampled = false
    private var isStopping = false
    private var nextTurn: [() -> Void] = []
    /// Objects that are kept to the end of the turn, because a callback of theirs may be running.
    private var retired: [AnyObject] = []

    package init() throws(ReactorError) {
        guard let config = event_config_new() else { throw ReactorError("libevent: out of memory") }
        defer { event_config_free(config) }
        // Without PRECISE_TIMER libevent reads CLOCK_MONOTONIC_COARSE, and a timer of 1 ms rings after 4 ms
        // or more. NO_CACHE_TIME: it counts from the moment of event_add, as Alarm does.
        let flags =
            EVENT_BASE_FLAG_PRECISE_TIMER.rawValue | EVENT_BASE_FLAG_NO_CACHE_TIME.rawValue
            | EVENT_BASE_FLAG_NOLOCK.rawValue
        event_config_set_flag(config, Int32(bitPattern: flags))
        guard let base = event_base_new_with_config(config) else {
            throw ReactorError("libevent: no event loop could be made", errno: errno)
        }
        self.base = base
        now = Self.readClock()
        turnBegan = now
    }

    deinit {
        event_base_free(base)
    }

    /// Runs until `stop`.
    /// - Parameter endTurn: called at the end of each turn, when all that was ready has been handled or the
    ///   turn has been long. What it leaves undone must `wake` the loop, or wait for a descriptor or an
    ///   alarm.
    package func run(endTurn: () -> Void) {
        preconditionOwned()
        while !isStopping {
            let hasWork = !nextTurn.isEmpty
            _ = event_base_loop(base, EVLOOP_ONCE | (hasWork ? EVLOOP_NONBLOCK : 0))
            sampleTime()
            let due = nextTurn
            nextTurn = []
            for body in due { body() }
            endTurn()
            releaseRetired()
            isTimeSampled = false
        }
        nextTurn = []
        isStopping = false
    }

    /// Runs until the condition holds, which is tested after every turn.
    package func wait(until isOver: () -> Bool) {
        if isOver() { return }
        run { if isOver() { stop() } }
    }

    /// Ends `run` after the current turn. It can be run again.
    package func stop() {
        isStopping = true
        onNextTurn {}
    }

    /// Makes the next turn come without waiting.
    package func wake() { onNextTurn {} }

    /// Calls `body` in the next turn, which comes without waiting.
    package func onNextTurn(_ body: @escaping () -> Void) {
        preconditionOwned()
        nextTurn.append(body)
    }

    /// Keeps an object alive to the end of the turn.
    package func retire(_ object: AnyObject) {
        retired.append(object)
    }

    /// Frees what was retired, until there is none left: an object that is freed here may retire another one.
    private func releaseRetired() {
        while !retired.isEmpty {
            let objects = retired
            retired = []
            withExtendedLifetime(objects) {}
        }
    }

    /// Reads the clock if nothing has in this turn. Every callback begins with this.
    func sampleTime() {
        guard !isTimeSampled else { return }
        isTimeSampled = true
        now = Self.readClock()
        turnBegan = now
    }

    /// How long a turn goes on calling handlers; those that are left are called in the next turn, after what
    /// waits for the end of this one.
    private static let longTurn = TimeSpan.milliseconds(2)

    /// Ends the turn if it has been long enough. Every callback ends with this.
    func endTurnIfLong() {
        if Self.readClock() - turnBegan > Self.longTurn { event_base_loopbreak(base) }
    }

    /// Reads the clock again within a turn, to measure how long something takes.
    package func refreshTime() {
        isTimeSampled = true
        now = Self.readClock()
    }

    func preconditionOwned() {
        precondition(pthread_equal(thread, pthread_self()) != 0, "an event loop belongs to one thread")
    }

    /// The time on the monotonic clock: clock_gettime(2).
    static func readClock() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .zero + (.seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }
}
