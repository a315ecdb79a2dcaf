package import Relations

/// How a value in the server's text protocol becomes JSON.
package enum ValueFormat: Hashable, Sendable {
    /// `42`; beyond ±2^53 `"9007199254740993"` if `quotesBig` is set.
    case integer(quotesBig: Bool)
    /// The bytes of a `BIT(n)`, the highest of which comes first, as an integer.
    case bits(quotesBig: Bool)
    case float
    case double
    /// `"1.50"`, `"2026-11-22"`, `"-838:59:59"`, `"Emma"`
    case text
    /// `"2026-11-22T10:39:00"`
    case datetime
    /// `"2026-11-22T10:39:00Z"`; the connection's time zone is UTC.
    case timestamp
    case base64
    /// `{"a":[1,2]}`
    case json

    package init(_ type: ColumnType, bigIntegersAsStrings: Bool) {
        self =
            switch type {
            case .integer, .year: .integer(quotesBig: bigIntegersAsStrings)
            case .bit: .bits(quotesBig: bigIntegersAsStrings)
            case .float: .float
            case .double: .double
            case .decimal, .date, .time, .text, .enumeration, .set, .uuid, .inet4, .inet6: .text
            case .datetime: .datetime
            case .timestamp: .timestamp
            case .binary, .geometry: .base64
            case .json: .json
            }
    }
}

/// Writes values of the server's text protocol as JSON.
extension ByteBuffer {
    /// Writes a column's name and its value. The values that most columns have are written with one check of
    /// the room for both.
    /// - Parameter prefix: `,"title":`, behind which 8 more bytes can be read.
    @inline(__always)
    mutating func append(
        padded prefix: UnsafeRawBufferPointer, _ cell: UnsafeRawBufferPointer, as format: ValueFormat
    ) {
        if case .text = format, cell.count <= Self.maxTextAtOnce {
            return write(atMost: prefix.count + 6 * cell.count + 18) { target in
                let count = Self.copyWords(prefix, to: target)
                return count + Self.string(cell, into: target + count)
            }
        }
        if case .integer = format, cell.count < Self.minDigitsOfBig, Self.isPlainInteger(cell) {
            return write(atMost: prefix.count + cell.count + 8) { target in
                let count = Self.copyWords(prefix, to: target)
                return count + Self.copyShort(cell, to: target + count)
            }
        }
        append(prefix)
        append(cell, as: format)
    }

    /// Bytes of a text for whose longest form there is room in a buffer that is otherwise small.
    private static let maxTextAtOnce = 256
    /// 2^53 has 16 digits; a sign makes no shorter text long.
    private static let minDigitsOfBig = 16

    /// Whether the text of an integer is written as it is: it has no zeros at its beginning.
    @inline(__always)
    private static func isPlainInteger(_ cell: UnsafeRawBufferPointer) -> Bool {
        cell.count == 1 || cell.count > 1 && cell[0] != 0x30
    }

    /// Copies bytes behind which 8 more can be read, to where 8 more can be written.
    @inline(__always)
    private static func copyWords(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) -> Int
    {
        guard let source = bytes.baseAddress else { return 0 }
        var at = 0
        repeat {
            target.storeBytes(
                of: source.loadUnaligned(fromByteOffset: at, as: UInt64.self), toByteOffset: at,
                as: UInt64.self)
            at += 8
        } while at < bytes.count
        return bytes.count
    }

    /// Copies a few bytes, fewer than 16.
    @inline(__always)
    private static func copyShort(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) -> Int
    {
        let count = bytes.count
        if count >= 8 {
            target.storeBytes(of: ByteScan.word(bytes, at: 0).littleEndian, as: UInt64.self)
            target.storeBytes(
                of: ByteScan.word(bytes, at: count - 8).littleEndian, toByteOffset: count - 8, as: UInt64.self
            )
        } else {
            for index in 0..<count {
                target.storeBytes(of: bytes[index], toByteOffset: index, as: UInt8.self)
            }
        }
        return count
    }

    @inline(__always)
    mutating func append(_ cell: UnsafeRawBufferPointer, as format: ValueFormat) {
        switch format {
        case .integer(let quotesBig): append(integer: cell, quotesBig: quotesBig)
        case .bits(let quotesBig): append(bits: cell, quotesBig: quotesBig)
        case .float: append(real: cell, Float.self)
        case .double: append(real: cell, Double.self)
        case .text: append(jsonString: cell)
        case .datetime: append(dateTime: cell, zone: "\"")
        case .timestamp: append(dateTime: cell, zone: "Z\"")
        case .base64: append(base64: cell)
        case .json: append(document: cell)
        }
    }

    /// 2^53, beyond which a reader that keeps numbers as doubles cannot tell neighbours apart.
    private static let maxExactInteger: UInt64 = 1 << 53

    /// Writes `-42`. The `00042` of a `ZEROFILL` column and the `0000` of a `YEAR` lose their zeros, which
    /// JSON forbids.
    private mutating func append(integer cell: UnsafeRawBufferPointer, quotesBig: Bool) {
        var digits = cell[...]
        while digits.count > 1, digits.first == 0x30 { digits.removeFirst() }
        let isBig = quotesBig && digits.count >= Self.minDigitsOfBig && Self.isBig(digits)
        if isBig { append(byte: 0x22) }
        append(UnsafeRawBufferPointer(rebasing: digits))
        if isBig { append(byte: 0x22) }
    }

    private static func isBig(_ digits: Slice<UnsafeRawBufferPointer>) -> Bool {
        let digits = digits.first == UInt8(ascii: "-") ? digits.dropFirst() : digits
        return DecimalDigits.value(UnsafeRawBufferPointer(rebasing: digits)).map { $0 > maxExactInteger }
            ?? true
    }

    private mutating func append(bits cell: UnsafeRawBufferPointer, quotesBig: Bool) {
        let value = cell.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        let isBig = quotesBig && value > Self.maxExactInteger
        if isBig { append(byte: 0x22) }
        append(decimal: value)
        if isBig { append(byte: 0x22) }
    }

    /// Writes `0.1`, `42` or `1e+16`, with the shortest digits that read back as the same `Real`. For a
    /// `FLOAT`, the server's double is rounded first.
    private mutating func append<Real: BinaryFloatingPoint & LosslessStringConvertible>(
        real cell: UnsafeRawBufferPointer, _: Real.Type
    ) {
        guard let value = Double(String(decoding: cell, as: UTF8.self)), Real(value).isFinite else {
            // Neither type has such a value. Whatever it is, the line stays JSON.
            return append(jsonString: cell)
        }
        var digits = Real(value).description
        // -0.0 keeps its fraction, since an integer has no negative zero.
        if digits.hasSuffix(".0"), value != 0 || value.sign == .plus { digits.removeLast(2) }
        digits.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Writes `2026-11-22 10:39:00.123456` with a `T` in place of the blank.
    private mutating func append(dateTime cell: UnsafeRawBufferPointer, zone: StaticString) {
        let dateLength = 10
        append(byte: 0x22)
        write(atMost: cell.count) { target in
            UnsafeMutableRawBufferPointer(start: target, count: cell.count).copyMemory(from: cell)
            if cell.count > dateLength, cell[dateLength] == 0x20 {
                target.storeBytes(of: UInt8(ascii: "T"), toByteOffset: dateLength, as: UInt8.self)
            }
            return cell.count
        }
        append(zone)
    }

    /// The greatest number of objects and lists within one another in a document. Deeper documents are shown
    /// as a string, like everything that is not JSON.
    private static let maxDocumentDepth = 512

    /// Writes a document's own text on one line, or as a string if it could confuse readers of the line.
    private mutating func append(document cell: UnsafeRawBufferPointer) {
        var scanner = JSONScanner(cell, maxDepth: Self.maxDocumentDepth, allowsRepeats: true)
        do throws(JSONError) {
            try scanner.document { scanner throws(JSONError) in try scanner.skipValue() }
        } catch {
            return append(jsonString: cell)
        }
        write(atMost: cell.count) { target in
            for (index, byte) in cell.enumerated() {
                // JSON has line breaks only between its tokens.
                let isBreak = byte == 0x0A || byte == 0x0D
                target.storeBytes(of: isBreak ? 0x20 : byte, toByteOffset: index, as: UInt8.self)
            }
            return cell.count
        }
    }
}
