/// A decimal number as its significant digits and the position of its point, so that `1e400` costs no 400
/// digits: `12.50` is the digits 125 with 2 of them before the point, `0.001` the digit 1 with -2.
struct DecimalText {
    private let negative: Bool
    /// ASCII, without zeros at either end; empty for zero.
    private let digits: ArraySlice<UInt8>
    private let point: Int

    /// Reads `-?[0-9]+(\.[0-9]+)?`, followed by the exponent of a JSON number if that is allowed.
    init?(_ text: [UInt8], allowingExponent: Bool) {
        var scanner = TextScanner(text)
        negative = scanner.take("-")
        guard let whole = scanner.takeDigits() else { return nil }
        var all = Array(whole)
        if scanner.take(".") {
            guard let fraction = scanner.takeDigits() else { return nil }
            all += fraction
        }
        var exponent = 0
        if allowingExponent, scanner.take("e") || scanner.take("E") {
            guard let power = Self.takeExponent(&scanner) else { return nil }
            exponent = power
        }
        guard scanner.atEnd else { return nil }
        let leading = all.prefix { $0 == UInt8(ascii: "0") }.count
        let trailing = all.reversed().prefix { $0 == UInt8(ascii: "0") }.count
        digits = leading == all.count ? [] : all[leading..<(all.count - trailing)]
        point = digits.isEmpty ? 0 : whole.count - leading + exponent
    }

    /// The exponent that stands for all greater ones. It is far beyond any column, so that no number of
    /// digits can balance it, and far from overflowing.
    private static let maxExponent = 1 << 40

    private static func takeExponent(_ scanner: inout TextScanner) -> Int? {
        let negative = scanner.take("-")
        if !negative { _ = scanner.take("+") }
        guard let digits = scanner.takeDigits() else { return nil }
        let value = digits.reduce(0) { min($0 * 10 + Int($1.digitValue), maxExponent) }
        return negative ? -value : value
    }

    /// The form in which the server prints the value of a `DECIMAL(precision,scale)`; nil if the column
    /// cannot hold the value exactly.
    func canonical(precision: Int, scale: Int, unsigned: Bool) -> [UInt8]? {
        let belowZero = negative && !digits.isEmpty
        guard point <= precision - scale, digits.count - point <= scale, !(unsigned && belowZero) else {
            return nil
        }
        var text: [UInt8] = belowZero ? [UInt8(ascii: "-")] : []
        text += point > 0 ? (0..<point).map(digit) : [UInt8(ascii: "0")]
        if scale > 0 {
            text.append(UInt8(ascii: "."))
            text += (point..<(point + scale)).map(digit)
        }
        return text
    }

    /// The digit `offset` places behind the first significant one; a zero before and after all of them.
    private func digit(_ offset: Int) -> UInt8 {
        let index = digits.startIndex + offset
        return digits.indices.contains(index) ? digits[index] : UInt8(ascii: "0")
    }
}
