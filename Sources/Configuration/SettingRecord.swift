import TOML

/// One setting, with all that the reader, the listing and the example file know of it.
package struct SettingRecord: Sendable {
    package let group: String
    package let name: String
    /// `integer`, `"number" or "string"`, …
    package let type: String
    /// `1 to 64`; nil if the type allows all its values.
    package let range: String?
    /// `ms`, `s`, `bytes`, `keys`; nil if the value has no unit.
    package let unit: String?
    /// Whether a reload applies a change; if not, it needs a restart.
    package let isReloadable: Bool
    /// What the setting is, in one sentence.
    package let sentence: String
    /// A value for the example file, as TOML, if there is no default.
    package let example: String?
    /// Whether the example file sets it, instead of showing it after a `#`.
    package let isSetInExample: Bool
    /// Puts a value of the file into the settings; false if it is of the wrong type or out of range.
    let apply: @Sendable (TOMLValue, inout Settings) -> Bool
    /// Copies the value from the first settings into the second.
    let copy: @Sendable (Settings, inout Settings) -> Void
    /// The value in these settings as TOML; nil if it is not set.
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
        apply = { value, settings in
            guard let value = form.read(value) else { return false }
            settings[keyPath: path] = value
            return true
        }
        copy = { $1[keyPath: path] = $0[keyPath: path] }
        literal = { form.print($0[keyPath: path]) }
    }
}
