/// Writes strings of JSON.
extension ByteBuffer {
    /// The number of bytes that are written after one check of the room; each of them may need six.
    private static let pieceLength = 4096

    /// Appends a text as a string: `"Emma \"Woodhouse\"\n"`. Bytes that are not UTF-8 become U+FFFD, so that
    /// the line stays UTF-8.
    package mutating func append(jsonString text: UnsafeRawBufferPointer) {
        append(byte: 0x22)
        var at = 0
        while at < text.count {
            let end = min(text.count, at + Self.pieceLength)
            // A sequence that begins inside the piece is written whole; a word may be stored beyond the last
            // byte.
            write(atMost: 6 * (end - at) + 8) { target in
                Self.escape(text, from: &at, to: end, into: target)
            }
        }
        append(byte: 0x22)
    }

    /// Appends a text as a string: `"Emma \"Woodhouse\"\n"`.
    package mutating func append(jsonString text: String) {
        var text = text
        text.withUTF8 { append(jsonString: UnsafeRawBufferPointer($0)) }
    }

    /// Writes a text as a string, quotes and all, with room for 6 bytes for each of its own and 10 more.
    /// - Returns: the number of bytes written to `target`.
    @inline(__always)
    static func string(_ text: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer) -> Int {
        target.storeBytes(of: 0x22, as: UInt8.self)
        var at = 0
        var count = 1
        while at < text.count { count += escape(text, from: &at, to: text.count, into: target + count) }
        target.storeBytes(of: 0x22, toByteOffset: count, as: UInt8.self)
        return count + 1
    }

    /// Escapes a piece of a text. Each word is stored before it is looked at, since most have nothing to
    /// escape.
    /// - Returns: the number of bytes written to `target`.
    @inline(__always)
    private static func escape(
        _ text: UnsafeRawBufferPointer, from at: inout Int, to end: Int, into target: UnsafeMutableRawPointer
    ) -> Int {
        var written = 0
        while at < end {
            let rest = end - at
            let word = rest < 8 ? ByteScan.lastWord(text, from: at, to: end) : ByteScan.word(text, at: at)
            target.storeBytes(of: word.littleEndian, toByteOffset: written, as: UInt64.self)
            let mask = ByteScan.specialOrNonASCII(word)
            let plain = mask == 0 ? min(rest, 8) : mask.trailingZeroBitCount / 8
            at += plain
            written += plain
            if mask != 0 { written += escapeOne(text, at: &at, into: target + written) }
        }
        return written
    }

    /// Writes one scalar that is special or not ASCII.
    private static func escapeOne(
        _ text: UnsafeRawBufferPointer, at: inout Int, into target: UnsafeMutableRawPointer
    ) -> Int {
        let byte = text[at]
        if byte < 0x80 {
            at += 1
            return escapeASCII(byte, into: target)
        }
        switch UTF8Step(text, at: at) {
        case .scalar(let length):
            for index in 0..<length {
                target.storeBytes(of: text[at + index], toByteOffset: index, as: UInt8.self)
            }
            at += length
            return length
        case .malformed(let length):
            at += length
            return store(0xEF, target) + store(0xBF, target + 1) + store(0xBD, target + 2)
        }
    }

    /// Writes `\"`, `\\`, `\n` or `\u001f`.
    private static func escapeASCII(_ byte: UInt8, into target: UnsafeMutableRawPointer) -> Int {
        let letter: UInt8 =
            switch byte {
            case 0x22, 0x5C: byte
            case 0x08: UInt8(ascii: "b")
            case 0x09: UInt8(ascii: "t")
            case 0x0A: UInt8(ascii: "n")
            case 0x0C: UInt8(ascii: "f")
            case 0x0D: UInt8(ascii: "r")
            default: UInt8(ascii: "u")
            }
        var written = store(0x5C, target) + store(letter, target + 1)
        guard letter == UInt8(ascii: "u") else { return written }
        let low = byte & 0xF
        written += store(0x30, target + 2) + store(0x30, target + 3) + store(0x30 + byte >> 4, target + 4)
        return written + store(low < 10 ? 0x30 + low : 0x61 + low - 10, target + 5)
    }

    @inline(__always)
    private static func store(_ byte: UInt8, _ target: UnsafeMutableRawPointer) -> Int {
        target.storeBytes(of: byte, as: UInt8.self)
        return 1
    }
}

// MARK: Base64

extension ByteBuffer {
    private static let base64Alphabet: StaticString =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// Appends bytes as a string in base64, with padding (RFC 4648, section 4): `"3q2+7w=="`.
    package mutating func append(base64 bytes: UnsafeRawBufferPointer) {
        let length = (bytes.count + 2) / 3 * 4 + 2
        write(atMost: length) { target in
            target.storeBytes(of: 0x22, as: UInt8.self)
            var to = target + 1
            for at in stride(from: 0, to: bytes.count, by: 3) {
                Self.encodeGroup(bytes, at: at, into: to)
                to += 4
            }
            to.storeBytes(of: 0x22, as: UInt8.self)
            return length
        }
    }

    /// Writes three bytes, or the one or two that are left, as four letters.
    @inline(__always)
    private static func encodeGroup(
        _ bytes: UnsafeRawBufferPointer, at: Int, into target: UnsafeMutableRawPointer
    ) {
        let left = bytes.count - at
        let second = left > 1 ? UInt32(bytes[at + 1]) : 0
        let third = left > 2 ? UInt32(bytes[at + 2]) : 0
        let group = UInt32(bytes[at]) << 16 | second << 8 | third
        for index in 0..<4 {
            let letter = base64Alphabet.utf8Start[Int(group >> UInt32(18 - 6 * index) & 0x3F)]
            let padded = index <= left ? letter : UInt8(ascii: "=")
            target.storeBytes(of: padded, toByteOffset: index, as: UInt8.self)
        }
    }
}
