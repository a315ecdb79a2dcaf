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
        var at = 0
        while at + 8 <= count {
            if word(expected, at: at) != word(bytes, at: offset + at) { return false }
            at += 8
        }
        while at < count {
            if expected[at] != bytes[offset + at] { return false }
            at += 1
        }
        return true
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
