/// https://toml.io/en/v1.0.0#string
extension TOMLReader {
    /// A string of any of the four kinds; `nil` if none begins here.
    mutating func string() throws(TOMLError) -> String? {
        if scanner.take("\"\"\"") { return try multiline("\"") }
        if scanner.take("'''") { return try multiline("'") }
        if scanner.take("\"") { return try basicString() }
        if scanner.take("'") { return try literalString() }
        return nil
    }

    /// From behind `"` to behind `"`.
    mutating func basicString() throws(TOMLError) -> String {
        var text = ""
        while true {
            text += scanner.take { !$0.isControl && $0 != "\"" && $0 != "\\" || $0 == "\t" }
            if scanner.take("\"") { return text }
            guard scanner.take("\\") else { throw unfinished("a string") }
            text.unicodeScalars.append(try escape())
        }
    }

    /// From behind `'` to behind `'`.
    mutating func literalString() throws(TOMLError) -> String {
        let text = scanner.take { !$0.isControl && $0 != "'" || $0 == "\t" }
        guard scanner.take("'") else { throw unfinished("a string") }
        return text
    }

    /// From behind `"""` or `'''` to behind the same; one or two more quotes may stand right before those.
    private mutating func multiline(_ quote: Unicode.Scalar) throws(TOMLError) -> String {
        let end = String(repeating: String(quote), count: 3)
        var text = ""
        _ = scanner.takeLineEnd()
        while true {
            text += scanner.take { !$0.isControl && $0 != quote && $0 != "\\" || $0 == "\t" }
            if scanner.takeLineEnd() {
                text += "\n"
            } else if scanner.take(end) {
                for _ in 0..<2 where scanner.take(String(quote)) { text.unicodeScalars.append(quote) }
                return text
            } else if scanner.take(String(quote)) {
                text.unicodeScalars.append(quote)
            } else if scanner.take("\\") {
                if quote == "'" {
                    text += "\\"
                } else if try !skipContinuation() {
                    text.unicodeScalars.append(try escape())
                }
            } else {
                throw unfinished("a string of several lines")
            }
        }
    }

    /// Behind a backslash at a line's end all goes up to the next sign that is not blank.
    private mutating func skipContinuation() throws(TOMLError) -> Bool {
        var ahead = scanner
        ahead.skipBlanks()
        guard ahead.takeLineEnd() else { return false }
        repeat { ahead.skipBlanks() } while ahead.takeLineEnd()
        scanner = ahead
        return true
    }

    private func unfinished(_ what: String) -> TOMLError {
        scanner.error("\(scanner.found) in \(what), which has no closing quote before it")
    }

    /// What stands behind a backslash.
    private mutating func escape() throws(TOMLError) -> Unicode.Scalar {
        let sign = scanner.found
        switch scanner.advance() {
        case "b": return "\u{8}"
        case "t": return "\t"
        case "n": return "\n"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "\"": return "\""
        case "\\": return "\\"
        case "u": return try scalar(digits: 4)
        case "U": return try scalar(digits: 8)
        default:
            throw scanner.error("\(sign) behind a backslash, which makes no sign; in '…' a backslash is one")
        }
    }

    private mutating func scalar(digits: Int) throws(TOMLError) -> Unicode.Scalar {
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

/// A TOML basic string.
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
