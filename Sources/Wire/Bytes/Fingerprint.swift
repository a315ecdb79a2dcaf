/// A hash that is the same in every process, unlike Swift's own: FNV-1a of 64 bits, which the protocol shows
/// as 16 hexadecimal digits. https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
package struct Fingerprint: Hashable, Sendable {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    init() {}

    /// - Parameter texts: none of them has a zero byte.
    init(of texts: [String]) {
        for text in texts {
            (Array(text.utf8) + [0]).withUnsafeBytes { combine($0) }
        }
    }

    /// Reads 16 lower-case hexadecimal digits; nil if it is anything else.
    init?(_ digits: [UInt8]) {
        guard digits.count == 16 else { return nil }
        value = 0
        for byte in digits {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            value = value << 4 | UInt64(digit)
        }
    }

    mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    package var hexadecimal: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
