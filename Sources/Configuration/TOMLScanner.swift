/// Steps through the tokens of a TOML document and counts its lines. Every step but `take` moves on or is at the end.
struct TOMLScanner {
    private var rest: Substring.UnicodeScalarView
    /// From 1.
    private(set) var line = 1

    init(_ source: String) {
        rest = Substring(source).unicodeScalars
        // The library passes over a byte order mark.
        if rest.first == "\u{FEFF}" { rest.removeFirst() }
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        advance()
        return true
    }

    /// Whether a part of a key begins here, or the document ends or the table's brackets close before one has come, which
    /// the library tells well.
    var isBeforeName: Bool {
        guard let next = rest.first else { return true }
        return next.isASCII
            && (next.properties.isAlphabetic || "0123456789-_\"']".unicodeScalars.contains(next))
    }

    var isBeforeBrace: Bool { rest.first == "}" }

    /// Whether a date begins here that announces a time, and the time does not: `2026-11-22T:`, `2026-11-22 2`. Behind a
    /// blank the library looks for one after whatever has a date's hyphens.
    var isBeforeBrokenMoment: Bool {
        guard let first = rest.first, ("0"..."9").contains(first) else { return false }
        let word = rest.prefix { !$0.properties.isWhitespace && !"]},#".unicodeScalars.contains($0) }
        let date = Self.shape(word.prefix(16))
        let time = date.dropFirst(10)
        let isAnnounced = date.hasPrefix("0000-00-00") && (time.hasPrefix("T") || time.hasPrefix("t"))
        if isAnnounced, time.dropFirst() != "00:00" { return true }
        let tail = Self.shape(rest.dropFirst(word.count).prefix(6))
        return tail.hasPrefix(" 0") && tail.dropFirst() != "00:00"
    }

    /// With a 0 for every digit.
    private static func shape(_ scalars: Substring.UnicodeScalarView) -> String {
        String(String.UnicodeScalarView(scalars.map { ("0"..."9").contains($0) ? "0" : $0 }))
    }

    mutating func skipBlanks() {
        while take(" ") || take("\t") {}
    }

    mutating func skipLine() {
        while let next = rest.first, next != "\n" { advance() }
    }

    /// `false` at the end of the document.
    mutating func skipBlanksAndComments() -> Bool {
        while let next = rest.first {
            switch next {
            case " ", "\t", "\r", "\n": advance()
            case "#": skipLine()
            default: return true
            }
        }
        return false
    }

    /// Between the elements of an array or an inline table.
    mutating func skipSeparators() -> Bool {
        while skipBlanksAndComments() {
            guard take(",") else { return true }
        }
        return false
    }

    /// A bare, `"quoted"` or `'literal'` part of a key.
    mutating func takeKeyPart() -> String {
        if take("\"") { return takeString(until: "\"", escapes: true) }
        if take("'") { return takeString(until: "'", escapes: false) }
        var part = String.UnicodeScalarView()
        while let next = rest.first, !" \t\r\n.=]".unicodeScalars.contains(next) { part.append(advance()) }
        return String(part)
    }

    /// A string of any of the four kinds, or a number, a date, `true`, `false`.
    mutating func skipScalar() {
        for quote in ["\"", "'"] as [Unicode.Scalar] where rest.first == quote {
            advance()
            guard take(quote) else {
                _ = takeString(until: quote, escapes: quote == "\"")
                return
            }
            if take(quote) { skipMultiline(quote) }
            return
        }
        // A terminator in place of a value is wrong, and is passed over lest a reader stand still before it.
        if !rest.isEmpty { advance() }
        while let next = rest.first, !",]}#\n".unicodeScalars.contains(next) { advance() }
    }

    /// From behind the opening quotes to behind the closing ones; up to two quotes may stand right before those.
    private mutating func skipMultiline(_ quote: Unicode.Scalar) {
        var quotes = 0
        while let next = rest.first {
            if quotes >= 3, next != quote { return }
            quotes = next == quote ? quotes + 1 : 0
            advance()
            if next == "\\", quote == "\"", !rest.isEmpty { advance() }
        }
    }

    /// From behind the opening quote to behind the closing one.
    private mutating func takeString(until quote: Unicode.Scalar, escapes: Bool) -> String {
        var text = String.UnicodeScalarView()
        while let next = rest.first, next != "\n", !take(quote) {
            advance()
            text.append(escapes && next == "\\" ? takeEscape() : next)
        }
        return String(text)
    }

    /// What follows a backslash.
    private mutating func takeEscape() -> Unicode.Scalar {
        guard !rest.isEmpty else { return "\\" }
        switch advance() {
        case "b": return "\u{8}"
        case "t": return "\t"
        case "n": return "\n"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "u": return takeHex(digits: 4)
        case "U": return takeHex(digits: 8)
        case let other: return other
        }
    }

    private mutating func takeHex(digits: Int) -> Unicode.Scalar {
        let hex = String(String.UnicodeScalarView(rest.prefix(digits)))
        rest.removeFirst(min(digits, rest.count))
        return UInt32(hex, radix: 16).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}"
    }

    @discardableResult
    private mutating func advance() -> Unicode.Scalar {
        let next = rest.removeFirst()
        if next == "\n" { line += 1 }
        return next
    }
}
