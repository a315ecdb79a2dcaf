/// Reads a short ASCII text from left to right. A `take` that fails leaves the position unchanged.
struct TextScanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) {
        rest = text[...]
    }

    var atEnd: Bool { rest.isEmpty }

    /// Takes the next character if it is the given one.
    /// - Returns: whether it was.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Takes one digit or more; nil if there is none.
    mutating func takeDigits() -> ArraySlice<UInt8>? {
        let digits = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(digits.count)
        return digits.isEmpty ? nil : digits
    }

    /// Takes a number of exactly `count` digits, which are at most 18; nil if there are fewer.
    mutating func takeNumber(digits count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(\.isDigit) else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1.digitValue) }
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    /// The value of an ASCII digit, from 0 to 9.
    var digitValue: UInt8 { self - UInt8(ascii: "0") }

    /// The value of an ASCII hexadecimal digit in upper or lower case, from 0 to 15; nil for any other byte.
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
    /// The digits with zeros in front up to `count` of them: `07` for 7 in two digits.
    func padded(toDigits count: Int) -> String {
        let plain = String(self)
        return String(repeating: "0", count: Swift.max(0, count - plain.utf8.count)) + plain
    }
}
