/// How many batches there were of which size, in powers of two.
package struct BatchSizes {
    /// By the logarithm of the least size: 1, 2–3, 4–7, …
    package private(set) var counts = Array(repeating: 0, count: Int.bitWidth)

    mutating func add(_ size: Int) {
        counts[max(0, Int.bitWidth - 1 - size.leadingZeroBitCount)] += 1
    }
}
