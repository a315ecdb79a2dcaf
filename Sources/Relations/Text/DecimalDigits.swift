/// Reads and writes integers as decimal digits: the only reader that minds overflow, and the only writer.
///
/// Faster readers stand where they were measured to matter, for digits so few that nothing can overflow:
/// `ReturnedKey.shortInteger` reads the key of every row, `SlotValues` and `JSONScanner.integer` the keys of
/// requests.
///
/// Public and inlinable, though no other package imports them, because functions of `package` access are not
/// inlined into other modules: a call for every key of a statement would be a percent of its cost.
public enum DecimalDigits {
    /// Reads `42` or `00042`.
    /// - Returns: nil for no digits at all, for anything but digits, and beyond 64 bits unsigned.
    public static func value(_ digits: UnsafeRawBufferPointer) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// The digits of the greatest `UInt64`.
    @inlinable
    public static var maxCount: Int { 20 }

    /// Writes the digits of `value`, without zeros in front, so that the last of them stands right before
    /// `end`.
    /// - Precondition: there are ``maxCount`` bytes before `end`.
    /// - Returns: the number of digits, at least one.
    @inlinable
    @inline(__always)
    public static func write(_ value: UInt64, endingAt end: UnsafeMutableRawPointer) -> Int {
        var count = 0
        var rest = value
        repeat {
            count += 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            (end - count).storeBytes(of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit), as: UInt8.self)
            rest = quotient
        } while rest > 0
        return count
    }
}
