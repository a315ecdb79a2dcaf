/// Reads a short ASCII text from left to right. Each `take` that fails leaves the position where it was.
struct TextScanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) {
        rest = text[...]
    }

    var atEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// One digit or more.
    mutating func takeDigits() -> ArraySlice<UInt8>? {
        let digits = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(digits.count)
        return digits.isEmpty ? nil : digits
    }

    /// A number of exactly so many digits, at most 18 of them.
    mutating func takeNumber(digits count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(\.isDigit) else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1.digitValue) }
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    /// Of an ASCII digit.
    var digitValue: UInt8 { self - UInt8(ascii: "0") }

    /// Of an ASCII hexadecimal digit in either case.
    var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension Int {
    /// Filled with zeros on the left: `7` in two digits is `07`.
    func padded(toDigits count: Int) -> String {
        let plain = String(self)
        return String(repeating: "0", count: Swift.max(0, count - plain.utf8.count)) + plain
    }
}
