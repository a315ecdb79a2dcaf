/// One step through bytes that should be UTF-8.
enum UTF8Step {
    case scalar(length: Int)
    /// What one U+FFFD stands for: the longest start of a well-formed sequence, or a single byte
    /// (Unicode 16, section 3.9, "maximal subpart").
    case malformed(length: Int)

    /// - Precondition: `offset` is inside `bytes`.
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

    /// Table 3-7 of the Unicode standard: a sequence's length and what its second byte may be.
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

    /// Where `bytes` stop being UTF-8; nil if they are.
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
