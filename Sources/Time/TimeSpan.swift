/// A length of time in whole nanoseconds, of at most 292 years in either direction: `.milliseconds(5)`,
/// `.seconds(2)`. Sums and products beyond that are a programming error and trap.
///
/// Not `Swift.Duration`, which has 128 bits of attoseconds: kindred counts and compares times for every key.
@frozen
public struct TimeSpan: Comparable, Hashable, Sendable {
    /// The whole length in nanoseconds; negative for a span that goes backwards.
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    @inlinable
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.nanoseconds < right.nanoseconds }
}

// MARK: Units

extension TimeSpan {
    /// No time at all.
    @inlinable
    public static var zero: TimeSpan { TimeSpan(nanoseconds: 0) }

    /// A span of so many nanoseconds.
    @inlinable
    public static func nanoseconds(_ count: some BinaryInteger) -> TimeSpan {
        TimeSpan(nanoseconds: Int64(count))
    }

    /// A span of so many microseconds.
    @inlinable
    public static func microseconds(_ count: some BinaryInteger) -> TimeSpan {
        TimeSpan(nanoseconds: Int64(count) * 1000)
    }

    /// A span of so many milliseconds.
    @inlinable
    public static func milliseconds(_ count: some BinaryInteger) -> TimeSpan {
        TimeSpan(nanoseconds: Int64(count) * 1_000_000)
    }

    /// A span of so many seconds.
    @inlinable
    public static func seconds(_ count: some BinaryInteger) -> TimeSpan {
        TimeSpan(nanoseconds: Int64(count) * 1_000_000_000)
    }

    /// A span of so many milliseconds, rounded towards zero to whole nanoseconds.
    @inlinable
    public static func milliseconds(_ count: Double) -> TimeSpan {
        TimeSpan(nanoseconds: Int64(count * 1_000_000))
    }

    /// A span of so many seconds, rounded towards zero to whole nanoseconds.
    @inlinable
    public static func seconds(_ count: Double) -> TimeSpan {
        TimeSpan(nanoseconds: Int64(count * 1_000_000_000))
    }

    /// Whole microseconds, rounded towards zero.
    @inlinable
    public var microseconds: Int64 { nanoseconds / 1000 }

    /// Whole milliseconds, rounded towards zero.
    @inlinable
    public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Seconds with their fraction, for output and statistics.
    @inlinable
    public var seconds: Double { Double(nanoseconds) / 1_000_000_000 }
}

// MARK: Arithmetic

extension TimeSpan {
    @inlinable
    public static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: left.nanoseconds + right.nanoseconds)
    }

    @inlinable
    public static func - (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: left.nanoseconds - right.nanoseconds)
    }

    @inlinable
    public static prefix func - (span: TimeSpan) -> TimeSpan { TimeSpan(nanoseconds: -span.nanoseconds) }

    @inlinable
    public static func += (left: inout TimeSpan, right: TimeSpan) { left = left + right }

    @inlinable
    public static func -= (left: inout TimeSpan, right: TimeSpan) { left = left - right }

    /// The span that is so many times as long.
    @inlinable
    public static func * (count: some BinaryInteger, span: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: Int64(count) * span.nanoseconds)
    }

    /// The span that is so many times as long.
    @inlinable
    public static func * (span: TimeSpan, count: some BinaryInteger) -> TimeSpan { count * span }

    /// A part of the span, rounded towards zero to whole nanoseconds.
    @inlinable
    public static func / (span: TimeSpan, count: some BinaryInteger) -> TimeSpan {
        TimeSpan(nanoseconds: span.nanoseconds / Int64(count))
    }

    /// How many times as long one span is as another.
    @inlinable
    public static func / (left: TimeSpan, right: TimeSpan) -> Double {
        Double(left.nanoseconds) / Double(right.nanoseconds)
    }
}

extension TimeSpan: CustomStringConvertible {
    public var description: String { "\(seconds) s" }
}
