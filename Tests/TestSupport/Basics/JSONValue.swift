/// A JSON value read strictly: numbers keep their digits and members their order, and a repeated member is an
/// error.
package indirect enum JSONValue: Equatable, Sendable {
    package struct Member: Sendable {
        package let name: String
        package let value: JSONValue

        package init(name: String, value: JSONValue) {
            (self.name, self.value) = (name, value)
        }
    }

    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package init(_ text: String) throws(JSONFault) {
        var parser = JSONParser(Array(text.utf8))
        self = try parser.document()
    }

    /// The member of an object; nil if there is none.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    package subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    package var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    package var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var number: String? {
        if case .number(let digits) = self { digits } else { nil }
    }
}

extension JSONValue: CustomStringConvertible {
    /// Compares by code units: for `String` a composed é and a decomposed one are equal, for a database they
    /// are not.
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        left.description == right.description
    }

    package var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let digits): digits
        case .string(let text): Self.quoted(text)
        case .array(let elements): "[\(elements.map(\.description).joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { "\(Self.quoted($0.name)):\($0.value)" }.joined(separator: ","))}"
        }
    }

    /// Returns the text as a JSON string that is all ASCII, so that failures can be read.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22, 0x5C: result += "\\" + String(UnicodeScalar(UInt8(unit)))
            case 0x20..<0x7F: result += String(UnicodeScalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return result + "\""
    }
}

package struct JSONFault: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// Recursive descent over the bytes (RFC 8259).
private struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(JSONFault) -> JSONValue {
        let value = try value()
        skipBlanks()
        guard position == bytes.count else { throw fault("something after the value") }
        return value
    }

    private func fault(_ what: String) -> JSONFault {
        JSONFault(
            description:
                "\(what) at byte \(position) of \(String(decoding: bytes, as: UTF8.self).prefix(300))")
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private mutating func skip(_ character: Character) -> Bool {
        guard next == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(JSONFault) -> JSONValue {
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONFault) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw fault("no value") }
        position += word.utf8.count
        return value
    }

    // -12.5e+3
    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = position
        _ = skip("-")
        // No zero stands before another digit.
        if !skip("0") { try digits() }
        if skip(".") { try digits() }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            try digits()
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() throws(JSONFault) {
        guard let first = next, (0x30...0x39).contains(first) else { throw fault("no value") }
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    }

    private mutating func array() throws(JSONFault) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if skip("]") { return .array([]) }
        repeat {
            elements.append(try value())
            skipBlanks()
        } while skip(",")
        guard skip("]") else { throw fault("no ']'") }
        return .array(elements)
    }

    private mutating func object() throws(JSONFault) -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        var names: Set<[UInt8]> = []
        skipBlanks()
        if skip("}") { return .object([]) }
        repeat {
            skipBlanks()
            let name = try string()
            guard names.insert(Array(name.utf8)).inserted else { throw fault("member '\(name)' repeated") }
            skipBlanks()
            guard skip(":") else { throw fault("no ':'") }
            members.append(JSONValue.Member(name: name, value: try value()))
            skipBlanks()
        } while skip(",")
        guard skip("}") else { throw fault("no '}'") }
        return .object(members)
    }

    private mutating func string() throws(JSONFault) -> String {
        guard skip("\"") else { throw fault("no string") }
        var units: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw fault("a control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\\") { units += try escape() } else { units.append(byte) }
        }
        guard skip("\"") else { throw fault("no end of the string") }
        guard let text = String(validating: units, as: UTF8.self) else {
            throw fault("a string that is not UTF-8")
        }
        return text
    }

    private mutating func escape() throws(JSONFault) -> [UInt8] {
        guard let byte = next else { throw fault("no escape") }
        position += 1
        let simple: [UInt8: UInt8] = [
            0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09,
        ]
        if let meant = simple[byte] { return [meant] }
        guard byte == UInt8(ascii: "u") else { throw fault("an unknown escape") }
        var units = [try hexadecimal()]
        if UTF16.isLeadSurrogate(units[0]) {
            guard skip("\\"), skip("u") else { throw fault("a lone surrogate") }
            units.append(try hexadecimal())
        }
        guard let text = String(validating: units, as: UTF16.self) else { throw fault("a lone surrogate") }
        return Array(text.utf8)
    }

    private mutating func hexadecimal() throws(JSONFault) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw fault("no four digits")
        }
        position += 4
        return unit
    }
}
