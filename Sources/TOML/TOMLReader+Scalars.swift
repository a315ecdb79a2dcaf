/// Reads numbers, dates, true and false: https://toml.io/en/v1.0.0#integer
extension TOMLReader {
    mutating func readScalar() throws(TOMLError) -> TOMLValue {
        var word = scanner.consume(while: Self.isWordCharacter)
        guard !word.isEmpty else { throw scanner.error("\(scanner.found) where a value should stand") }
        // `1979-05-27 07:32:00`
        if word.wholeMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}/) != nil, scanner.next == " " {
            var ahead = scanner
            ahead.advance()
            let time = ahead.consume(while: Self.isWordCharacter)
            if time.first?.isNumber == true {
                word += " " + time
                scanner = ahead
            }
        }
        if let value = Self.value(of: word) { return value }
        let isTooLong = word.wholeMatch(of: /[+-]?[1-9](_?[0-9])*/) != nil
        throw scanner.error(
            isTooLong
                ? "\(Self.shown(word)) does not fit 64 bits"
                : "\(Self.shown(word)) is no number, date, true or false; a text stands in quotes")
    }

    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isControl && !" ,]}#=[{\"'".unicodeScalars.contains(scalar)
    }

    private static func shown(_ word: String) -> String {
        word.count > 40 ? "'\(word.prefix(40))…'" : "'\(word)'"
    }

    private static func value(of word: String) -> TOMLValue? {
        switch word {
        case "true": .boolean(true)
        case "false": .boolean(false)
        case "inf", "+inf": .number(.infinity)
        case "-inf": .number(-.infinity)
        case "nan", "+nan", "-nan": .number(.nan)
        default: integer(word) ?? number(word) ?? dateTime(word)
        }
    }

    private static func integer(_ word: String) -> TOMLValue? {
        let digits = word.filter { $0 != "_" }
        let value: Int? =
            if word.wholeMatch(of: /[+-]?(0|[1-9](_?[0-9])*)/) != nil {
                Int(digits)
            } else if word.wholeMatch(of: /0x[0-9A-Fa-f](_?[0-9A-Fa-f])*/) != nil {
                Int(digits.dropFirst(2), radix: 16)
            } else if word.wholeMatch(of: /0o[0-7](_?[0-7])*/) != nil {
                Int(digits.dropFirst(2), radix: 8)
            } else if word.wholeMatch(of: /0b[01](_?[01])*/) != nil {
                Int(digits.dropFirst(2), radix: 2)
            } else {
                nil
            }
        return value.map(TOMLValue.integer)
    }

    private static func number(_ word: String) -> TOMLValue? {
        let form = /[+-]?(0|[1-9](_?[0-9])*)(\.[0-9](_?[0-9])*)?([eE][+-]?[0-9](_?[0-9])*)?/
        guard word.wholeMatch(of: form) != nil, word.contains(where: { ".eE".contains($0) }) else {
            return nil
        }
        return Double(word.filter { $0 != "_" }).map(TOMLValue.number)
    }

    private static func dateTime(_ word: String) -> TOMLValue? {
        let date = /[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])/
        let time = /([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?/
        let offset = /[Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]/
        if word.wholeMatch(of: date) != nil || word.wholeMatch(of: time) != nil { return .dateTime }
        guard let day = word.prefixMatch(of: date)?.range, day.upperBound < word.endIndex,
            "Tt ".contains(word[day.upperBound]),
            let hour = word[word.index(after: day.upperBound)...].prefixMatch(of: time)?.range
        else { return nil }
        let rest = word[hour.upperBound...]
        return rest.isEmpty || rest.wholeMatch(of: offset) != nil ? .dateTime : nil
    }
}
