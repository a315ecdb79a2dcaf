@testable import Configuration

/// Prints settings as a configuration file, without those that have the default.
struct SettingsText {
    private let settings: Settings

    init(_ settings: Settings) {
        self.settings = settings
    }

    var toml: String {
        SettingRecord.groups.map { group in
            "[\(group)]\n" + SettingRecord.all.filter { $0.group == group }.map(line).joined()
        }.joined()
    }

    private func line(_ record: SettingRecord) -> String {
        guard let literal = record.literal(settings), literal != record.defaultLiteral else { return "" }
        return "\(record.name) = \(literal)\n"
    }
}
