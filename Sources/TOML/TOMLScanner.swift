/// Consumes a document character by character, and counts lines.
struct TOMLScanner {
    private var rest: Substring.UnicodeScalarView
    /// From 1.
    private(set) var line = 1

    init(_ source: String) {
        rest = Substring(source).unicodeScalars
        // Editors of Windows begin a file with a byte order mark.
        if rest.first == "\u{FEFF}" { rest.removeFirst() }
    }

    var next: Unicode.Scalar? { rest.first }

    func error(_ message: String) -> TOMLError {
        TOMLError(line: line, message: message)
    }

    /// The next character as an error message shows it.
    var found: String {
        switch next {
        case nil: "the end of the file"
        case "\n", "\r": "the end of the line"
        case let scalar?: scalar.isControl ? scalar.escaped : "'\(scalar)'"
        }
    }

    @discardableResult
    mutating func advance() -> Unicode.Scalar? {
        guard let next = rest.popFirst() else { return nil }
        if next == "\n" { line += 1 }
        return next
    }

    mutating func consume(_ text: String) -> Bool {
        guard rest.starts(with: text.unicodeScalars) else { return false }
        for _ in text.unicodeScalars { advance() }
        return true
    }

    /// Consumes characters as long as they are wanted; none of them may be the end of a line, which would not
    /// be counted.
    mutating func consume(while isWanted: (Unicode.Scalar) -> Bool) -> String {
        let taken = rest.prefix(while: isWanted)
        rest = rest[taken.endIndex...]
        return String(taken)
    }

    mutating func consumeLineEnd() -> Bool {
        consume("\n") || consume("\r\n")
    }

    mutating func skipBlanks() {
        _ = consume { $0 == " " || $0 == "\t" }
    }

    /// Skips blanks and a comment, up to the end of the line.
    mutating func skipComment() throws(TOMLError) {
        skipBlanks()
        guard consume("#") else { return }
        _ = consume { !$0.isControl || $0 == "\t" }
        guard next == nil || isAtLineEnd else { throw error("\(found) in a comment") }
    }

    /// Skips blanks, comments and line ends.
    mutating func skipLines() throws(TOMLError) {
        repeat { try skipComment() } while consumeLineEnd()
    }

    private var isAtLineEnd: Bool {
        rest.first == "\n" || rest.starts(with: "\r\n".unicodeScalars)
    }

    /// Consumes the end of the line after a header or a value, which nothing but a comment may follow.
    mutating func expectLineEnd(after what: String) throws(TOMLError) {
        try skipComment()
        guard next == nil || consumeLineEnd() else {
            throw error("\(found) behind \(what), where the line should end")
        }
    }
}

extension Unicode.Scalar {
    /// Whether the character must be escaped in a string: https://toml.io/en/v1.0.0#string
    package var isControl: Bool { value < 0x20 || value == 0x7F }

    /// `\u001B`
    package var escaped: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
