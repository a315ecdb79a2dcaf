import TOML

/// How values of one type are written in a file.
struct SettingForm<Value: Sendable>: Sendable {
    let type: String
    var range: String?
    /// Nil if the value is of the wrong type or out of range.
    let read: @Sendable (TOMLValue) -> Value?
    let print: @Sendable (Value) -> String?
}

extension SettingForm where Value == Bool {
    static var boolean: Self {
        Self(type: "true or false") {
            if case .boolean(let value) = $0 { value } else { nil }
        } print: {
            "\($0)"
        }
    }
}

extension SettingForm where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self(type: "integer", range: "\(range.lowerBound) to \(range.upperBound)") {
            if case .integer(let value) = $0, range.contains(value) { value } else { nil }
        } print: {
            "\($0)"
        }
    }
}

extension SettingForm where Value == Double {
    static func number(_ range: ClosedRange<Double>) -> Self {
        Self(type: "number", range: "\(range.lowerBound) to \(range.upperBound)") {
            switch $0 {
            case .number(let value): range.contains(value) ? value : nil
            case .integer(let value): range.contains(Double(value)) ? Double(value) : nil
            case .boolean, .text, .list, .table, .dateTime: nil
            }
        } print: {
            "\($0)"
        }
    }
}

extension SettingForm where Value == String {
    static var text: Self {
        Self(type: "string", range: "not empty") {
            $0.nonEmptyText
        } print: {
            quoted($0)
        }
    }
}

extension SettingForm where Value == FileMode {
    static var mode: Self {
        Self(type: "octal string", range: "\"0000\" to \"0777\"") {
            $0.nonEmptyText.flatMap { FileMode($0) }
        } print: {
            quoted($0.description)
        }
    }
}

extension SettingForm where Value == HostAndPort {
    static var hostAndPort: Self {
        Self(type: "string", range: "\"host:port\" or \"[ipv6]:port\", port 1 to 65535") {
            $0.nonEmptyText.flatMap { HostAndPort($0) }
        } print: {
            quoted($0.description)
        }
    }
}

extension SettingForm where Value == [DatabaseServer] {
    static var servers: Self {
        Self(
            type: "list of strings",
            range: "each \"host\", \"host:port\", \"[ipv6]:port\" or \"/path/of/socket\", none twice"
        ) { value in
            guard case .list(let elements) = value, !elements.isEmpty else { return nil }
            let servers = elements.compactMap { $0.nonEmptyText.flatMap { DatabaseServer($0) } }
            return Set(servers).count == elements.count ? servers : nil
        } print: { servers in
            "[" + servers.map { quoted($0.description) }.joined(separator: ", ") + "]"
        }
    }
}

extension SettingForm where Value: RawRepresentable<String> & CaseIterable {
    static var choice: Self {
        Self(type: Value.allCases.map { quoted($0.rawValue) }.joined(separator: " or ")) {
            $0.nonEmptyText.flatMap { Value(rawValue: $0) }
        } print: {
            quoted($0.rawValue)
        }
    }
}

extension SettingForm {
    /// The form of a setting that may be left out.
    static func optional<Wrapped>(_ form: SettingForm<Wrapped>) -> Self where Value == Wrapped? {
        Self(type: form.type, range: form.range) {
            form.read($0).map(Optional.some)
        } print: {
            $0.flatMap(form.print)
        }
    }
}

extension TOMLValue {
    /// The value as a message shows it: of a text at most 40 characters, of a list at most four elements.
    var shown: String {
        switch self {
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let text): "\"\(text.excerpt)\""
        // ["db1", "db1", …]
        case .list(let elements):
            "[" + elements.prefix(4).map(\.shownInList).joined(separator: ", ")
                + (elements.count > 4 ? ", …]" : "]")
        case .table: "a table"
        case .dateTime: "a date or time"
        }
    }

    private var shownInList: String { if case .list = self { "a list" } else { shown } }

    var nonEmptyText: String? {
        if case .text(let text) = self, !text.isEmpty { text } else { nil }
    }
}
