import Time

/// How long a query takes, depending on the number of its keys: a fixed cost and a cost per key, fitted to
/// what was measured by least squares, in which older measurements count less and less.
struct ServiceTime: Sendable {
    /// The part of their weight that earlier measurements keep when a new one comes.
    private static let decay = 0.95
    /// A measurement of more than twice what was expected, or less than half, is an outlier and does not
    /// count. This many of them in a row say that the database, or the network to it, has changed, and all
    /// measurements are dropped.
    private static let maxOutliers = 5

    private var weight = 0.0
    private var keys = 0.0
    private var time = 0.0
    private var keysSquared = 0.0
    private var keysTime = 0.0
    private var outliers = 0

    var isKnown: Bool { weight > 0 }

    /// - Parameter elapsed: the time from the sending of a query to its last row.
    mutating func add(keys count: Int, elapsed: TimeSpan) {
        let elapsed = Double(elapsed.nanoseconds)
        let ratio = elapsed / max(1, nanoseconds(keys: count))
        outliers = isKnown && !(0.5...2).contains(ratio) ? outliers + 1 : 0
        if outliers >= Self.maxOutliers { self = ServiceTime() }
        guard outliers == 0 else { return }
        let count = Double(count)
        weight = weight * Self.decay + 1
        keys = keys * Self.decay + count
        time = time * Self.decay + elapsed
        keysSquared = keysSquared * Self.decay + count * count
        keysTime = keysTime * Self.decay + count * elapsed
    }

    /// How long a query of so many keys will take; 0 as long as nothing is known.
    func estimate(keys count: Int) -> TimeSpan { TimeSpan(nanoseconds: Int64(nanoseconds(keys: count))) }

    private func nanoseconds(keys count: Int) -> Double {
        guard weight > 0 else { return 0 }
        let (meanKeys, meanTime) = (keys / weight, time / weight)
        let spread = keysSquared / weight - meanKeys * meanKeys
        // If all batches had nearly the same size, their differences say nothing.
        guard spread > 0.25 + 0.01 * meanKeys * meanKeys else { return meanTime }
        let slope = (keysTime / weight - meanKeys * meanTime) / spread
        // Neither of the two costs can be negative.
        let perKey = min(max(0, slope), meanTime / meanKeys)
        return meanTime + perKey * (Double(count) - meanKeys)
    }

    /// How long the batches of late took; 0 as long as nothing is known.
    var mean: TimeSpan { weight > 0 ? TimeSpan(nanoseconds: Int64(time / weight)) : .zero }
}
