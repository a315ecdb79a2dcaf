/// How many batches there were of which size, in powers of two.
package struct BatchSizes {
    /// How many batches had 1 key, 2–3, 4–7, …: the index is the base-2 logarithm of the smallest size.
    package private(set) var counts = Array(repeating: 0, count: Int.bitWidth)

    mutating func add(_ size: Int) {
        counts[max(0, Int.bitWidth - 1 - size.leadingZeroBitCount)] += 1
    }
}
