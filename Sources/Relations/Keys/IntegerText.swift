/// The values of an integer column, both ends included.
struct IntegerRange {
    let lower: Int64
    let upper: UInt64

    init(lower: Int64, upper: UInt64) {
        self.lower = lower
        self.upper = upper
    }

    /// - Parameter bits: 8, 16, 24, 32 or 64, for `TINYINT` to `BIGINT`.
    init(bits: Int, signed: Bool) {
        lower = signed ? Int64.min >> (64 - bits) : 0
        upper = UInt64.max >> (64 - bits + (signed ? 1 : 0))
    }

    /// The part of it that is within `Int64`.
    var int64: ClosedRange<Int64> { lower...Int64(min(upper, UInt64(Int64.max))) }

    func contains(_ scalar: Scalar) -> Bool {
        switch scalar {
        case .integer(let value): value >= lower && (value < 0 || UInt64(value) <= upper)
        case .unsigned(let value): value <= upper
        case .text, .bytes: false
        }
    }
}

/// Integer keys that were given as text.
enum IntegerText {
    /// Reads `-?(0|[1-9][0-9]*)` within 64 bits, signed or unsigned; `-0` is 0.
    /// - Returns: nil for anything else.
    static func scalar(_ text: [UInt8]) -> Scalar? {
        let negative = text.first == UInt8(ascii: "-")
        let digits = negative ? text.dropFirst() : text[...]
        guard digits.count == 1 || digits.first != UInt8(ascii: "0"),
            let magnitude = digits.withUnsafeBytes(DecimalDigits.value)
        else { return nil }
        guard negative else {
            return Int64(exactly: magnitude).map { .integer($0) } ?? .unsigned(magnitude)
        }
        guard magnitude <= Int64.min.magnitude else { return nil }
        return .integer(Int64(truncatingIfNeeded: 0 &- magnitude))
    }
}
