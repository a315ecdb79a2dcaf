/// Reads strings: https://toml.io/en/v1.0.0#string
extension TOMLReader {
    /// Reads a string of any of the four kinds; nil if no string begins here.
    mutating func readString() throws(TOMLError) -> String? {
        if scanner.consume("\"\"\"") { return try readMultilineString("\"") }
        if scanner.consume("'''") { return try readMultilineString("'") }
        if scanner.consume("\"") { return try readBasicString() }
        if scanner.consume("'") { return try readLiteralString() }
        return nil
    }

    /// Reads a string in `"` after its opening quote, and consumes its closing quote.
    mutating func readBasicString() throws(TOMLError) -> String {
        var text = ""
        while true {
            text += scanner.consume { !$0.isControl && $0 != "\"" && $0 != "\\" || $0 == "\t" }
            if scanner.consume("\"") { return text }
            guard scanner.consume("\\") else { throw unfinished("a string") }
            text.unicodeScalars.append(try readEscape())
        }
    }

    /// Reads a string in `'` after its opening quote, and consumes its closing quote.
    mutating func readLiteralString() throws(TOMLError) -> String {
        let text = scanner.consume { !$0.isControl && $0 != "'" || $0 == "\t" }
        guard scanner.consume("'") else { throw unfinished("a string") }
        return text
    }

    /// Reads a string in `"""` or `'''` after its opening quotes, and consumes its closing quotes; one or two
    /// more quotes may stand right before those.
    private mutating func readMultilineString(_ quote: Unicode.Scalar) throws(TOMLError) -> String {
        let end = String(repeating: String(quote), count: 3)
        var text = ""
        _ = scanner.consumeLineEnd()
        while true {
            text += scanner.consume { !$0.isControl && $0 != quote && $0 != "\\" || $0 == "\t" }
            if scanner.consumeLineEnd() {
                text += "\n"
            } else if scanner.consume(end) {
                for _ in 0..<2 where scanner.consume(String(quote)) { text.unicodeScalars.append(quote) }
                return text
            } else if scanner.consume(String(quote)) {
                text.unicodeScalars.append(quote)
            } else if scanner.consume("\\") {
                if quote == "'" {
                    text += "\\"
                } else if try !skipContinuation() {
                    text.unicodeScalars.append(try readEscape())
                }
            } else {
                throw unfinished("a string of several lines")
            }
        }
    }

    /// Skips everything between a backslash at the end of a line and the next character that is not blank;
    /// false if the backslash is not at the end of a line.
    private mutating func skipContinuation() throws(TOMLError) -> Bool {
        var ahead = scanner
        ahead.skipBlanks()
        guard ahead.consumeLineEnd() else { return false }
        repeat { ahead.skipBlanks() } while ahead.consumeLineEnd()
        scanner = ahead
        return true
    }

    private func unfinished(_ what: String) -> TOMLError {
        scanner.error("\(scanner.found) in \(what), which has no closing quote before it")
    }

    /// Reads what follows a backslash.
    private mutating func readEscape() throws(TOMLError) -> Unicode.Scalar {
        let sign = scanner.found
        switch scanner.advance() {
        case "b": return "\u{8}"
        case "t": return "\t"
        case "n": return "\n"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "\"": return "\""
        case "\\": return "\\"
        case "u": return try readCodePoint(digits: 4)
        case "U": return try readCodePoint(digits: 8)
        default:
            throw scanner.error("\(sign) behind a backslash, which makes no sign; in '…' a backslash is one")
        }
    }

    private mutating func readCodePoint(digits: Int) throws(TOMLError) -> Unicode.Scalar {
        var hex = ""
        while hex.count < digits, let next = scanner.next, next.isASCII, next.properties.isASCIIHexDigit {
            hex.unicodeScalars.append(next)
            scanner.advance()
        }
        guard hex.count == digits, let scalar = UInt32(hex, radix: 16).flatMap(Unicode.Scalar.init) else {
            throw scanner.error("'\(hex)' is not the number of a character, in \(digits) hexadecimal digits")
        }
        return scalar
    }
}

/// The text as a TOML basic string: `"C:\\temp"`
package func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": quoted += "\\" + String(scalar)
        case _ where scalar.isControl: quoted += scalar.escaped
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}
