import Relations

/// The values of scanned strings and numbers.
extension JSONScanner {
    func raw(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    /// The UTF-8 of a string, without escapes.
    func decoded(_ string: JSONString) -> [UInt8] {
        string.isEscaped ? unescaped(string.range) : Array(raw(string.range))
    }

    func text(_ string: JSONString) -> String {
        string.isEscaped
            ? String(decoding: unescaped(string.range), as: UTF8.self)
            : String(decoding: raw(string.range), as: UTF8.self)
    }

    /// The value of a number that is an integer of 64 bits signed; nil for any other.
    func integer(_ number: JSONNumber) -> Int64? {
        guard number.isInteger else { return nil }
        let end = number.range.upperBound
        var at = number.range.lowerBound
        let isNegative = bytes[at] == UInt8(ascii: "-")
        if isNegative { at += 1 }
        guard end - at > Self.maxSafeDigits else {
            var value: Int64 = 0
            while at < end {
                value = value &* 10 &+ Int64(bytes[at] &- 0x30)
                at += 1
            }
            return isNegative ? 0 &- value : value
        }
        return DecimalDigits.value(raw(at..<end)).flatMap { magnitude in
            isNegative ? Int64(exactly: -Int128(magnitude)) : Int64(exactly: magnitude)
        }
    }

    /// The greatest number of digits that never exceed 64 bits signed, and can be read without a check.
    private static let maxSafeDigits = 18
}

// MARK: Escapes

extension JSONScanner {
    /// Walks over an escape, whose backslash it stands behind.
    mutating func skipEscape() throws(JSONError) {
        let letter = byte
        guard letter == UInt8(ascii: "u") || Self.shortEscape(letter) != nil else {
            throw error("a bad escape")
        }
        position += 1
        guard letter == UInt8(ascii: "u") else { return }
        let unit = try hexUnit()
        if unit & 0xFC00 == 0xDC00 { throw error("a lone surrogate") }
        guard unit & 0xFC00 == 0xD800 else { return }
        guard take("\\"), take("u"), try hexUnit() & 0xFC00 == 0xDC00 else { throw error("a lone surrogate") }
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        guard let unit = Self.hexUnit(bytes[position...].prefix(4)) else {
            throw error("four hexadecimal digits were expected")
        }
        position += 4
        return unit
    }

    private static func hexUnit(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt32? {
        guard digits.count == 4 else { return nil }
        var unit: UInt32 = 0
        for digit in digits {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt32(value)
        }
        return unit
    }

    private static func shortEscape(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// The UTF-8 of a string with escapes, which are all valid, because they were checked when the string was
    /// scanned.
    private func unescaped(_ range: Range<Int>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var at = range.lowerBound
        while at < range.upperBound {
            guard bytes[at] == UInt8(ascii: "\\") else {
                result.append(bytes[at])
                at += 1
                continue
            }
            if let short = Self.shortEscape(bytes[at + 1]) {
                result.append(short)
                at += 2
            } else {
                result.append(contentsOf: String(escapedScalar(&at)).utf8)
            }
        }
        return result
    }

    /// Reads `\u00e9`, or a pair `\ud83d\ude00`, and moves `at` behind it.
    private func escapedScalar(_ at: inout Int) -> Character {
        let unit = Self.hexUnit(bytes[(at + 2)...].prefix(4)) ?? 0
        at += 6
        guard unit & 0xFC00 == 0xD800 else { return Character(Unicode.Scalar(unit) ?? "\u{FFFD}") }
        let low = Self.hexUnit(bytes[(at + 2)...].prefix(4)) ?? 0
        at += 6
        return Character(Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF) ?? "\u{FFFD}")
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    func starts(with text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where self[index] != text.utf8Start[index] { return false }
        return true
    }

    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && starts(with: text)
    }
}
