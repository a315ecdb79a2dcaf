import Foundation
import TestSupport

extension Oracle {
    /// Returns every key of the parents, keys that no parent has, and other spellings of existing keys.
    func questions(_ relationship: DescribedRelationship, using generator: inout SeededGenerator) throws
        -> [AskedKey]
    {
        let keys = try keys(of: relationship)
        guard relationship.key.count == 1, let column = relationship.key.first else {
            return keys + [key(relationship, relationship.key.map { _ in nil })]
        }
        return keys + strangers(column).map { key(relationship, [$0]) }
            + keys.flatMap { spellings(of: $0, column) }.filter { _ in
                Int.random(in: 0..<3, using: &generator) > 0
            }
    }

    private func strangers(_ column: ShownColumn) -> [String] {
        let word = column.declaration.lowercased()
        return switch column.shape {
        case .integer: word.hasPrefix("year") ? ["1999"] : ["77"]
        case .bit: ["77"]
        case .decimal: ["77.7500"]
        case .float, .double: ["77.25"]
        case .datetime: ["2001-02-03T04:05:06"]
        case .timestamp: ["2001-02-03T04:05:06Z"]
        case .binary: word.hasPrefix("binary") ? ["dHJlZQ=="] : ["dHJlZQ==", "YQ=="]
        case .json: []
        case .text: textStrangers(word)
        }
    }

    private func textStrangers(_ declaration: String) -> [String] {
        switch declaration.prefix(while: \.isLetter) {
        case "date": ["2001-02-03"]
        case "time": ["01:02:03"]
        case "uuid": ["123e4567-e89b-12d3-a456-426655449999"]
        case "inet": declaration.hasPrefix("inet4") ? ["10.0.0.1"] : ["fe80::7"]
        default: ["nobody", "日", "😂", String(repeating: "long", count: 40), "\u{0}", "it's \\"]
        }
    }

    private func spellings(of key: AskedKey, _ column: ShownColumn) -> [AskedKey] {
        guard let json = try? JSONValue(key.json), let literals = key.literals else { return [] }
        let word = column.declaration.lowercased()
        if let digits = json.number {
            return column.shape == .integer
                ? [AskedKey(json: JSONValue.quoted(digits), literals: literals)] : []
        }
        let text = json.text ?? ""
        switch column.shape {
        case .decimal: return [AskedKey(json: text, literals: literals)]  // a number instead of a string
        case .datetime:
            return [AskedKey(json: JSONValue.quoted(text.replacing("T", with: " ")), literals: literals)]
        case .text where word.hasPrefix("uuid"):
            return other([text.uppercased(), text.replacing("-", with: "")], column)
        case .text where word.hasPrefix("inet6"): return other([text.uppercased()], column)
        case .text where word.contains("char") || word.contains("enum"):
            return other(Self.textSpellings(text), column)
        default: return []
        }
    }

    private func other(_ texts: [String], _ column: ShownColumn) -> [AskedKey] {
        texts.map { AskedKey(json: JSONValue.quoted($0), literals: [literal(column, $0)]) }
    }

    private static func textSpellings(_ text: String) -> [String] {
        [
            text.uppercased(), text.lowercased(), text + " ", text + "   ", " " + text, text + "x",
            text.decomposedStringWithCanonicalMapping,
            text.folding(options: .diacriticInsensitive, locale: nil),
            text.replacing("ß", with: "ss"), text.replacing("😀", with: "😁"), text + "\u{0}", text + "\n",
        ]
    }
}
