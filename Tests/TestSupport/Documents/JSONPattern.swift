/// JSON in which a document has left something out. `…` at the end of a list or of an object stands for any
/// further elements or members, at the end of a string for any rest of it, and in the place of a value for
/// any value.
package struct JSONPattern: Sendable {
    private static let ellipsis = "…"
    private let pattern: JSONValue

    package init(_ text: String) throws(JSONFault) {
        pattern = try JSONValue(Self.completed(text))
    }

    /// The path and the texts of the first difference; nil if the value is one that the pattern stands for.
    package func difference(from value: JSONValue) -> String? {
        Self.difference(pattern, value, at: "")
    }

    // [1,…] → [1,"…"]    {"id":1,…} → {"id":1,"…":null}
    private static func completed(_ text: String) -> String {
        var result = ""
        var open: [Character] = []
        var (isInString, isEscaped, previous) = (false, false, Character(" "))
        for character in text {
            if isInString {
                if character == "\"", !isEscaped { isInString = false }
                isEscaped = character == "\\" && !isEscaped
                result.append(character)
            } else {
                switch character {
                case "\"": isInString = true
                case "{", "[": open.append(character)
                case "}", "]": _ = open.popLast()
                default: break
                }
                let isMember = open.last == "{" && previous != ":"
                result += character == "…" ? (isMember ? "\"…\":null" : "\"…\"") : String(character)
            }
            if character != " " { previous = character }
        }
        return result
    }

    private static func difference(_ pattern: JSONValue, _ value: JSONValue, at path: String) -> String? {
        switch (pattern, value) {
        case (.string(ellipsis), _): return nil
        case (.string(let text), .string(let actual)) where text.hasSuffix(ellipsis):
            if actual.hasPrefix(text.dropLast()) { return nil }
        case (.array(let expected), .array(let actual)):
            return difference(expected, actual, at: path)
        case (.object(let expected), .object(let actual)):
            return difference(expected, actual, at: path)
        default:
            if pattern == value { return nil }
        }
        return "\(path.isEmpty ? "the reply" : path) is \(value), not \(pattern)"
    }

    private static func difference(_ expected: [JSONValue], _ actual: [JSONValue], at path: String) -> String?
    {
        let hasMore = expected.last == .string(ellipsis)
        let shown = hasMore ? expected.dropLast() : expected[...]
        guard hasMore ? actual.count >= shown.count : actual.count == shown.count else {
            return "\(path) has \(actual.count) elements, not \(shown.count)\(hasMore ? " or more" : "")"
        }
        for (place, pair) in zip(shown, actual).enumerated() {
            if let found = difference(pair.0, pair.1, at: "\(path)[\(place)]") { return found }
        }
        return nil
    }

    private static func difference(
        _ expected: [JSONValue.Member], _ actual: [JSONValue.Member], at path: String
    ) -> String? {
        let hasMore = expected.last?.name == ellipsis
        let shown = hasMore ? expected.dropLast() : expected[...]
        for member in shown {
            guard let value = actual.first(where: { $0.name == member.name })?.value else {
                return "\(path).\(member.name) is not there"
            }
            if let found = difference(member.value, value, at: "\(path).\(member.name)") { return found }
        }
        let others = actual.map(\.name).filter { name in !shown.contains { $0.name == name } }
        return hasMore || others.isEmpty ? nil : "\(path) has also \(others)"
    }
}
