import TOML

/// One setting: all that the reader, the listing and the example file know of it.
package struct SettingRecord: Sendable {
    package let group: String
    package let name: String
    /// `integer`, `"number" or "string"`, …
    package let type: String
    /// `1 to 64`; `nil` where the type says all.
    package let range: String?
    /// `ms`, `s`, `bytes`, `keys`
    package let unit: String?
    /// Whether a reload applies a change; the others need a restart.
    package let isReloadable: Bool
    /// What it is, in one sentence.
    package let sentence: String
    /// A value for the example file where there is no default, as TOML.
    package let example: String?
    /// Whether the example file sets it, instead of showing it behind a `#`.
    package let isSetInExample: Bool
    /// Puts a file's value into the settings; `false` if it is of the wrong type or out of range.
    let take: @Sendable (TOMLValue, inout Settings) -> Bool
    /// Puts one settings' value into another's.
    let copy: @Sendable (Settings, inout Settings) -> Void
    /// The value in some settings as TOML; `nil` if it is not set.
    let literal: @Sendable (Settings) -> String?

    package var path: String { "\(group).\(name)" }
    package var defaultLiteral: String? { literal(Settings()) }
    /// `integer, 1 to 64`
    package var expected: String { range.map { "\(type), \($0)" } ?? type }

    init<Value>(
        _ group: String, _ name: String, _ path: any WritableKeyPath<Settings, Value> & Sendable,
        _ form: SettingForm<Value>,
        unit: String? = nil, reloadable: Bool, example: String? = nil, setInExample: Bool = false,
        _ sentence: String
    ) {
        self.group = group
        self.name = name
        type = form.type
        range = form.range
        self.unit = unit
        isReloadable = reloadable
        self.sentence = sentence
        self.example = example
        isSetInExample = setInExample
        take = { value, settings in
            guard let value = form.read(value) else { return false }
            settings[keyPath: path] = value
            return true
        }
        copy = { $1[keyPath: path] = $0[keyPath: path] }
        literal = { form.print($0[keyPath: path]) }
    }
}

/// How the values of one type stand in a file.
struct SettingForm<Value: Sendable>: Sendable {
    let type: String
    var range: String?
    /// `nil`: the wrong type, or out of range.
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
            case .boolean, .text, .list, .table, .moment: nil
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
    /// The same for a setting that may be left out.
    static func optional<Wrapped>(_ form: SettingForm<Wrapped>) -> Self where Value == Wrapped? {
        Self(type: form.type, range: form.range) {
            form.read($0).map(Optional.some)
        } print: {
            $0.flatMap(form.print)
        }
    }
}
