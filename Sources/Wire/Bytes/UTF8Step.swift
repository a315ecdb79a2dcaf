/// One step through bytes that should be UTF-8.
enum UTF8Step {
    case scalar(length: Int)
    /// The bytes for which one U+FFFD stands: the longest beginning of a well-formed sequence, or a single
    /// byte (Unicode 16, section 3.9, "maximal subpart").
    case malformed(length: Int)

    /// Looks at the bytes from `offset` on.
    /// - Precondition: `offset` is within `bytes`.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        let first = bytes[offset]
        guard first >= 0x80 else {
            self = .scalar(length: 1)
            return
        }
        guard let (length, second) = Self.shape(first) else {
            self = .malformed(length: 1)
            return
        }
        for index in 1..<length {
            let allowed = index == 1 ? second : 0x80...0xBF
            guard offset + index < bytes.count, allowed.contains(bytes[offset + index]) else {
                self = .malformed(length: index)
                return
            }
        }
        self = .scalar(length: length)
    }

    /// The length of a sequence and the values that its second byte can have; nil if no sequence begins with
    /// `first` (table 3-7 of the Unicode standard).
    private static func shape(_ first: UInt8) -> (length: Int, second: ClosedRange<UInt8>)? {
        switch first {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: nil
        }
    }

    /// The index at which the bytes stop being UTF-8; nil if all of them are.
    static func firstMalformed(in bytes: UnsafeRawBufferPointer) -> Int? {
        if ByteScan.isASCII(bytes) { return nil }
        var at = 0
        while at < bytes.count {
            guard case .scalar(let length) = UTF8Step(bytes, at: at) else { return at }
            at += length
        }
        return nil
    }
}
