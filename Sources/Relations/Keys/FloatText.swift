/// `FLOAT` and `DOUBLE` keys as text, with the shortest digits that read back as the same `Double`.
enum FloatText {
    static func double(_ text: [UInt8]) -> [UInt8]? {
        guard isJSONNumber(text), let value = Double(String(decoding: text, as: UTF8.self)) else {
            return nil
        }
        return canonical(value)
    }

    /// Rounds the number to a `Double` first and from there to a `Float`, as the server does on its way into
    /// the column. It is then written with the digits of a `Double` (0.1 is `0.10000000149011612`): this
    /// number equals the column's value where the server compares as `DOUBLE` (`x = 0.1` matches nothing),
    /// and rounds to it in a `FLOAT`.
    static func float(_ text: [UInt8]) -> [UInt8]? {
        guard isJSONNumber(text), let value = Double(String(decoding: text, as: UTF8.self)) else {
            return nil
        }
        return canonical(Double(Float(value)))
    }

    private static func canonical(_ value: Double) -> [UInt8]? {
        guard value.isFinite else { return nil }
        let text = Array((value == 0 ? 0 : value).description.utf8)
        return text.suffix(2) == [UInt8(ascii: "."), UInt8(ascii: "0")] ? Array(text.dropLast(2)) : text
    }

    /// RFC 8259: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`
    private static func isJSONNumber(_ text: [UInt8]) -> Bool {
        var scanner = TextScanner(text)
        _ = scanner.take("-")
        guard let whole = scanner.takeDigits(), whole.count == 1 || whole.first != UInt8(ascii: "0") else {
            return false
        }
        if scanner.take("."), scanner.takeDigits() == nil { return false }
        if scanner.take("e") || scanner.take("E") {
            if !scanner.take("-") { _ = scanner.take("+") }
            guard scanner.takeDigits() != nil else { return false }
        }
        return scanner.atEnd
    }
}
