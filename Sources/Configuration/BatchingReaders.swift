import Glibc
import Relations
import TOML

/// Reads one `[batching."authors.books"]`: the settings of this relationship that differ from `[batching]`.
enum RelationshipBatchingReader {
    private struct Member: Sendable {
        let name: String
        let expected: String
        /// Puts the value into the settings; false if it is of the wrong type or out of range.
        let apply: @Sendable (TOMLValue, inout Settings.RelationshipBatching) -> Bool
    }

    private static let members = [
        member("window_ms", \.windowMilliseconds, .optional(.number(0...1000))),
        member("max_keys", \.maxKeys, .optional(.integer(1...900))),
        member("priority", \.priority, .integer(-10...10)),
    ]

    private static func member<Value>(
        _ name: String, _ path: any WritableKeyPath<Settings.RelationshipBatching, Value> & Sendable,
        _ form: SettingForm<Value>
    ) -> Member {
        Member(name: name, expected: form.range.map { "\(form.type), \($0)" } ?? form.type) {
            value, settings in
            guard let value = form.read(value) else { return false }
            settings[keyPath: path] = value
            return true
        }
    }

    static func read(
        _ relationship: String, _ values: [String: TOMLValue], _ faults: inout FaultCollector
    ) -> Settings.RelationshipBatching {
        var settings = Settings.RelationshipBatching()
        let path = ["batching", relationship]
        if ColumnReference.pair(relationship) == nil {
            faults.add(
                path, "'\(relationship)' is no setting and no name of a relationship: write \"table.name\"")
        }
        for (name, value) in values {
            guard let member = members.first(where: { $0.name == name }) else {
                let hint = Suggestion.hint(to: name, among: members.map(\.name))
                faults.add(path + [name], "unknown setting '\(name)' of '\(relationship)'\(hint)")
                continue
            }
            if !member.apply(value, &settings) {
                faults.add(path + [name], "\(name) is \(value.shown); expected \(member.expected)")
            }
        }
        return settings
    }
}

/// Reads `[batching.client_weights]`: the shares of each user's clients when all of them want more than there
/// is.
enum ClientWeightsReader {
    private static let range = 1...64

    // www-data = 4
    static func read(_ values: [String: TOMLValue], _ faults: inout FaultCollector) -> [String: Int] {
        var weights: [String: Int] = [:]
        for (user, value) in values {
            let path = ["batching", "client_weights", user]
            guard case .integer(let weight) = value, range.contains(weight) else {
                faults.add(
                    path,
                    "the weight of '\(user)' is \(value.shown); expected an integer, \(range.lowerBound) to \(range.upperBound)"
                )
                continue
            }
            if getpwnam(user) == nil { faults.add(path, "this machine has no user '\(user)'") }
            weights[user] = weight
        }
        return weights
    }
}
