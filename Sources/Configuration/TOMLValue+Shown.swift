import TOML

extension TOMLValue {
    /// The value as a message shows it, at most 40 characters.
    var shown: String {
        switch self {
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let text): text.count > 40 ? "\"\(text.prefix(40))…\"" : "\"\(text)\""
        case .list: "a list"
        case .table: "a table"
        case .moment: "a date or time"
        }
    }

    var nonEmptyText: String? {
        if case .text(let text) = self, !text.isEmpty { text } else { nil }
    }
}
