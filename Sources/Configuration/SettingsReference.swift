/// The tables of all settings in docs/CONFIGURATION.md, made from the records.
package enum SettingsReference {
    /// Markdown: a heading and a table for each group, in the order of the example file.
    package static func render() -> String {
        SettingRecord.groups.map { group in
            let rows = SettingRecord.all.filter { $0.group == group }.map(row)
            return "### `[\(group)]`\n\n" + head + rows.joined()
        }.joined(separator: "\n")
    }

    private static let head = """
        | setting | default | type and range | reload | meaning |
        | --- | --- | --- | --- | --- |

        """

    // | `window_ms` | `1.0` | number, 0.0 to 1000.0, in ms | yes | The longest that a key waits … |
    private static func row(_ record: SettingRecord) -> String {
        let cells = [
            "`\(record.name)`", defaultValue(record).map { "`\($0)`" } ?? "none",
            record.expected + (record.unit.map { ", in \($0)" } ?? ""),
            record.isReloadable ? "yes" : "no", record.sentence + example(record),
        ]
        return "| " + cells.joined(separator: " | ") + " |\n"
    }

    /// Nil also for the empty text of a setting that must be given.
    private static func defaultValue(_ record: SettingRecord) -> String? {
        record.defaultLiteral == "\"\"" ? nil : record.defaultLiteral
    }

    /// An example for a setting that has no default.
    private static func example(_ record: SettingRecord) -> String {
        guard defaultValue(record) == nil, let example = record.example else { return "" }
        return " For example `\(example)`."
    }
}
