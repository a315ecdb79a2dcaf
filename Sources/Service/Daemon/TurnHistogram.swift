import Histogram
import Time

/// How long the loop's turns were, which is how long a client or an answer waits at most until it is handled.
struct TurnHistogram {
    private static let maxMicroseconds: UInt64 = 60_000_000

    private var microseconds = Histogram<UInt32>(
        highestTrackableValue: TurnHistogram.maxMicroseconds, numberOfSignificantValueDigits: .two)

    mutating func add(_ turn: TimeSpan) {
        _ = microseconds.record(min(UInt64(max(0, turn.microseconds)), Self.maxMicroseconds))
    }

    /// Microseconds that so many in a hundred turns did not exceed.
    func percentile(_ percent: Double) -> Int { Int(microseconds.valueAtPercentile(percent)) }

    /// Microseconds of the longest turn.
    var longest: Int { Int(microseconds.max) }
}
