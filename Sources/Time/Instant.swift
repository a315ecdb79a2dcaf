/// A point on the monotonic clock, in whole nanoseconds since a moment that means nothing, such as the
/// machine's start. The pure rooms never read a clock: every event brings its time.
///
/// Its members, like those of ``TimeSpan``, are public and inlinable, though no other package imports them:
/// functions of `package` access are not inlined into other modules, and a comparison of two instants is one
/// instruction.
@frozen
public struct Instant: Comparable, Hashable, Sendable {
    /// Nanoseconds since the moment from which all instants are counted.
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The moment from which all others are counted.
    @inlinable
    public static var zero: Instant { Instant(nanoseconds: 0) }

    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The instant that comes so much later.
    @inlinable
    public static func + (instant: Instant, span: TimeSpan) -> Instant {
        Instant(nanoseconds: instant.nanoseconds + span.nanoseconds)
    }

    /// The instant that comes so much earlier.
    @inlinable
    public static func - (instant: Instant, span: TimeSpan) -> Instant {
        Instant(nanoseconds: instant.nanoseconds - span.nanoseconds)
    }

    /// The time that has passed from `earlier` to `later`.
    @inlinable
    public static func - (later: Instant, earlier: Instant) -> TimeSpan {
        TimeSpan(nanoseconds: later.nanoseconds - earlier.nanoseconds)
    }

    /// The earlier of two instants, each of which may be missing. An array of them, for `min()`, would be
    /// allocated at every turn of the loop.
    @inlinable
    public static func earlier(_ one: Instant?, _ other: Instant?) -> Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    @inlinable
    public static func += (instant: inout Instant, span: TimeSpan) { instant = instant + span }
}
