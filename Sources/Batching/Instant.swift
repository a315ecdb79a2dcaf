/// A point on the monotonic clock, in nanoseconds. The core never reads a clock: every event brings its time.
package struct Instant: Comparable, Hashable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    package static func + (instant: Instant, nanoseconds: Int64) -> Instant {
        Instant(nanoseconds: instant.nanoseconds + nanoseconds)
    }

    package static func - (instant: Instant, nanoseconds: Int64) -> Instant {
        Instant(nanoseconds: instant.nanoseconds - nanoseconds)
    }

    /// Nanoseconds that have passed since.
    package static func - (later: Instant, earlier: Instant) -> Int64 {
        later.nanoseconds - earlier.nanoseconds
    }
}
