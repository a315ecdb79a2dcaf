import Relations
import Testing

/// The canonical form of a literal as text, which keeps the tables of the tests short; nil for a bad key.
func read(_ literal: Literal, as type: ColumnType) -> String? {
    (try? Scalar(literal, as: type)).map(spelled)
}

func read(_ string: String, as type: ColumnType) -> String? {
    read(.string(Array(string.utf8)), as: type)
}

func number(_ text: String) -> Literal {
    .number(Array(text.utf8))
}

func spelled(_ scalar: Scalar) -> String {
    switch scalar {
    case .integer(let value): "integer \(value)"
    case .unsigned(let value): "unsigned \(value)"
    case .text(let text): String(decoding: text, as: UTF8.self)
    case .bytes(let bytes): "bytes \(bytes)"
    }
}

/// A row of a table of tests: a string, the type of the column, and the canonical form; nil for a bad key.
struct Reading: CustomTestStringConvertible {
    let given: String
    let type: ColumnType
    let canonical: String?

    init(_ given: String, _ type: ColumnType, _ canonical: String?) {
        self.given = given
        self.type = type
        self.canonical = canonical
    }

    var testDescription: String { "\(given) as \(type)" }
}
