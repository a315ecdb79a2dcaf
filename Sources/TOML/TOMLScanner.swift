/// A document that is taken sign by sign, and the line that has been reached.
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

    /// What comes next, as a message shows it.
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

    mutating func take(_ text: String) -> Bool {
        guard rest.starts(with: text.unicodeScalars) else { return false }
        for _ in text.unicodeScalars { advance() }
        return true
    }

    /// As many as there are, none of them a line end.
    mutating func take(while isWanted: (Unicode.Scalar) -> Bool) -> String {
        let taken = rest.prefix(while: isWanted)
        rest = rest[taken.endIndex...]
        return String(taken)
    }

    mutating func takeLineEnd() -> Bool {
        take("\n") || take("\r\n")
    }

    mutating func skipBlanks() {
        _ = take { $0 == " " || $0 == "\t" }
    }

    /// Blanks and a comment, up to the line's end.
    mutating func skipComment() throws(TOMLError) {
        skipBlanks()
        guard take("#") else { return }
        _ = take { !$0.isControl || $0 == "\t" }
        guard next == nil || isAtLineEnd else { throw error("\(found) in a comment") }
    }

    /// Blanks, comments and line ends.
    mutating func skipLines() throws(TOMLError) {
        repeat { try skipComment() } while takeLineEnd()
    }

    private var isAtLineEnd: Bool {
        rest.first == "\n" || rest.starts(with: "\r\n".unicodeScalars)
    }

    /// After a table's header or a value nothing but a comment may follow.
    mutating func endLine(after what: String) throws(TOMLError) {
        try skipComment()
        guard next == nil || takeLineEnd() else {
            throw error("\(found) behind \(what), where the line should end")
        }
    }
}

extension Unicode.Scalar {
    /// https://toml.io/en/v1.0.0#string: what may not stand in a text as it is.
    package var isControl: Bool { value < 0x20 || value == 0x7F }

    /// `\u001B`
    package var escaped: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
