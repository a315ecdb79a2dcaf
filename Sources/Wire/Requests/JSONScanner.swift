/// The reason why bytes are not JSON, and where.
struct JSONError: Error {
    let reason: StaticString
    /// The number of bytes before the mistake.
    let offset: Int
}

/// A valid string in the text; `range` does not include its quotes.
struct JSONString {
    let range: Range<Int>
    let isEscaped: Bool
}

/// A valid number in the text; an integer has neither a fraction nor an exponent.
struct JSONNumber {
    let range: Range<Int>
    let isInteger: Bool
}

/// Walks through JSON (RFC 8259) without building anything. It is stricter than the RFC where a reader could
/// understand something else than the writer meant: the names in an object must differ, and surrogates must
/// come in pairs.
struct JSONScanner {
    let bytes: UnsafeRawBufferPointer
    var position = 0
    private var depth = 0
    private let maxDepth: Int
    private let allowsRepeats: Bool

    /// - Parameters:
    ///   - maxDepth: the greatest number of objects and lists within one another.
    ///   - allowsRepeats: whether names may be repeated in an object, as in text that others have stored and
    ///     whose meaning is not ours to judge.
    init(_ bytes: UnsafeRawBufferPointer, maxDepth: Int, allowsRepeats: Bool = false) {
        self.bytes = bytes
        self.maxDepth = maxDepth
        self.allowsRepeats = allowsRepeats
    }

    /// The next byte; NUL, which no JSON text contains, at the end.
    @inline(__always)
    var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

    /// Calls `value` to walk over the whole text.
    mutating func document(_ value: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        if let malformed = UTF8Step.firstMalformed(in: bytes) {
            throw JSONError(reason: "not UTF-8", offset: malformed)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF] as [UInt8]) { throw error("a byte order mark") }
        skipBlanks()
        try value(&self)
        skipBlanks()
        if position < bytes.count { throw error("something after the end of the value") }
    }

    @inline(__always)
    mutating func skipBlanks() {
        // Mostly there are none.
        while byte <= 0x20, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    @inline(__always)
    mutating func take(_ expected: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: expected) else { return false }
        position += 1
        return true
    }

    func error(_ reason: StaticString) -> JSONError {
        JSONError(reason: reason, offset: position)
    }
}

// MARK: Structure

extension JSONScanner {
    /// Walks over an object. `member` is called with the name of each member and must walk over its value;
    /// repeated names are its concern too.
    @inline(__always)
    mutating func object(
        _ member: (inout JSONScanner, JSONString) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open()
        skipBlanks()
        if !take("}") {
            repeat {
                skipBlanks()
                guard byte == UInt8(ascii: "\"") else { throw error("a member's name was expected") }
                let name = try string()
                skipBlanks()
                guard take(":") else { throw error("a colon was expected") }
                skipBlanks()
                try member(&self, name)
                skipBlanks()
            } while take(",")
            guard take("}") else { throw error("a comma or the object's end was expected") }
        }
        depth -= 1
    }

    /// Walks over a list. `element` is called at the beginning of each element and must walk over it.
    @inline(__always)
    mutating func list(_ element: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try open()
        skipBlanks()
        if !take("]") {
            repeat {
                skipBlanks()
                try element(&self)
                skipBlanks()
            } while take(",")
            guard take("]") else { throw error("a comma or the list's end was expected") }
        }
        depth -= 1
    }

    private mutating func open() throws(JSONError) {
        if depth == maxDepth { throw error("nested too deep") }
        depth += 1
        position += 1
    }

    /// Walks over any value.
    mutating func skipValue() throws(JSONError) {
        switch byte {
        case UInt8(ascii: "{"): try skipObject()
        case UInt8(ascii: "["): try list { scanner throws(JSONError) in try scanner.skipValue() }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool()
        case UInt8(ascii: "n"): try null()
        default: _ = try number()
        }
    }

    private mutating func skipObject() throws(JSONError) {
        var names: Set<[UInt8]> = []
        try object { scanner, name throws(JSONError) in
            if !scanner.allowsRepeats, !names.insert(scanner.decoded(name)).inserted {
                throw scanner.repeated(name)
            }
            try scanner.skipValue()
        }
    }

    func repeated(_ name: JSONString) -> JSONError {
        JSONError(reason: "a repeated member", offset: name.range.lowerBound - 1)
    }
}

// MARK: Scalars

extension JSONScanner {
    mutating func null() throws(JSONError) {
        try word("null")
    }

    mutating func bool() throws(JSONError) -> Bool {
        let isTrue = byte == UInt8(ascii: "t")
        try word(isTrue ? "true" : "false")
        return isTrue
    }

    private mutating func word(_ text: StaticString) throws(JSONError) {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        guard rest.starts(with: text) else { throw error("a value was expected") }
        position += text.utf8CodeUnitCount
    }

    /// Walks over a number: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
    mutating func number() throws(JSONError) -> JSONNumber {
        let start = position
        _ = take("-")
        let leadingZero = byte == UInt8(ascii: "0")
        let digits = skipDigits()
        if digits == 0 { throw error(position == start ? "a value was expected" : "a digit was expected") }
        if leadingZero, digits > 1 { throw JSONError(reason: "a number with a leading zero", offset: start) }
        var isInteger = true
        if take(".") {
            isInteger = false
            if skipDigits() == 0 { throw error("a digit was expected") }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            if skipDigits() == 0 { throw error("a digit was expected") }
        }
        return JSONNumber(range: start..<position, isInteger: isInteger)
    }

    @inline(__always)
    private mutating func skipDigits() -> Int {
        var at = position
        while at < bytes.count, bytes[at] &- 0x30 <= 9 { at += 1 }
        defer { position = at }
        return at - position
    }

    /// Walks over a string, on whose opening quote it stands.
    mutating func string() throws(JSONError) -> JSONString {
        position += 1
        let start = position
        var isEscaped = false
        while true {
            skipPlain()
            if take("\"") { return JSONString(range: start..<(position - 1), isEscaped: isEscaped) }
            if position == bytes.count { throw error("a string without its end") }
            guard take("\\") else { throw error("a control character in a string") }
            isEscaped = true
            try skipEscape()
        }
    }

    /// Walks up to the next byte that ends or interrupts a string.
    @inline(__always)
    private mutating func skipPlain() {
        var at = position
        defer { position = at }
        while at + 8 <= bytes.count {
            let mask = ByteScan.special(ByteScan.word(bytes, at: at))
            if mask != 0 {
                at += mask.trailingZeroBitCount / 8
                return
            }
            at += 8
        }
        while at < bytes.count, !ByteScan.isSpecial(bytes[at]) { at += 1 }
    }
}
