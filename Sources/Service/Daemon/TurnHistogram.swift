import Histogram

/// How long the loop's turns were: so long a client or an answer waits at most before it is looked at.
struct TurnHistogram {
    private static let longest: UInt64 = 60_000_000

    private var microseconds = Histogram<UInt32>(
        highestTrackableValue: TurnHistogram.longest, numberOfSignificantValueDigits: .two)

    mutating func add(nanoseconds: Int64) {
        _ = microseconds.record(min(UInt64(max(0, nanoseconds)) / 1000, Self.longest))
    }

    var members: [(name: StaticString, value: Int)] {
        [
            ("turn_p50_us", Int(microseconds.valueAtPercentile(50))),
            ("turn_p99_us", Int(microseconds.valueAtPercentile(99))),
            ("turn_max_us", Int(microseconds.max)),
        ]
    }
}
