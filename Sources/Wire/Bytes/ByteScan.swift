/// Looks at eight bytes at a time (SWAR: a 64-bit word as a vector of bytes). In every mask the lowest set
/// bit is exact; those above it may be borrows of the subtraction.
enum ByteScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    private static func equal(_ word: UInt64, to byte: UInt8) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference
    }

    /// Marks the bytes that end or interrupt a JSON string: `"`, `\` and control characters.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        let control = (word &- ones &* 0x20) & ~word
        return (control | equal(word, to: 0x22) | equal(word, to: 0x5C)) & highs
    }

    /// Marks the bytes that end or interrupt a JSON string, and those that are not ASCII.
    @inline(__always)
    static func specialOrNonASCII(_ word: UInt64) -> UInt64 {
        special(word) | (word & highs)
    }

    @inline(__always)
    static func isSpecial(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x22 || byte == 0x5C }

    /// The eight bytes from `offset` on, with the first in the lowest bits.
    @inline(__always)
    static func word(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The fewer than eight bytes up to `end`, with the first in the lowest bits, and blanks behind them.
    @inline(__always)
    static func lastWord(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> UInt64 {
        let bits = UInt64(8 * (end - start))
        let blanks = ones &* 0x20 << bits
        if end >= 8 { return word(bytes, at: end - 8) >> (64 - bits) | blanks }
        var word = blanks
        for index in start..<end { word |= UInt64(bytes[index]) << UInt64(8 * (index - start)) }
        return word
    }

    /// The index of the first `byte` from `offset` on; nil if there is none.
    static func firstIndex(of byte: UInt8, in bytes: UnsafeRawBufferPointer, from offset: Int) -> Int? {
        var at = offset
        while at + 8 <= bytes.count {
            let mask = equal(word(bytes, at: at), to: byte) & highs
            if mask != 0 { return at + mask.trailingZeroBitCount / 8 }
            at += 8
        }
        while at < bytes.count {
            if bytes[at] == byte { return at }
            at += 1
        }
        return nil
    }

    /// Whether these bytes stand at `offset`.
    @inline(__always)
    static func has(_ expected: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer, at offset: Int)
        -> Bool
    {
        let count = expected.count
        guard bytes.count - offset >= count else { return false }
        guard count >= 8 else {
            for at in 0..<count where expected[at] != bytes[offset + at] { return false }
            return true
        }
        // The last word may overlap the one before.
        let last = count - 8
        for at in stride(from: 0, to: last, by: 8) {
            if word(expected, at: at) != word(bytes, at: offset + at) { return false }
        }
        return word(expected, at: last) == word(bytes, at: offset + last)
    }

    static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        var seen: UInt64 = 0
        while at + 8 <= bytes.count {
            seen |= word(bytes, at: at)
            at += 8
        }
        while at < bytes.count {
            seen |= UInt64(bytes[at])
            at += 1
        }
        return seen & highs == 0
    }
}
