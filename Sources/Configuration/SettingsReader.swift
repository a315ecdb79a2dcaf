import Relations
import TOML

/// Reads a configuration file strictly: unknown names and wrong values are faults, and all faults are
/// reported together.
package enum SettingsReader {
    /// What is wrong with files that the settings of `[database]` name: the setting's name without its group,
    /// and a message.
    package typealias FileCheck = (Settings.Database) -> [(setting: String, message: String)]

    /// - Parameters:
    ///   - environment: The variables of the process, of which `LISTEN_FDS`, `CREDENTIALS_DIRECTORY` and
    ///     `KINDRED_DATABASE_PASSWORD` matter.
    ///   - checkFiles: Looks into files that only the driver of the database understands.
    package static func read(
        path: String, environment: [String: String], checkFiles: FileCheck = { _ in [] }
    ) throws(ConfigurationFaults) -> Settings {
        switch FileText.readText(path) {
        case .success(let source):
            return try read(
                source: source, file: path, environment: environment, checkFiles: checkFiles)
        case .failure(let problem):
            throw ConfigurationFaults(faults: [
                ConfigurationFault(
                    file: path, line: nil, message: "cannot read the configuration: \(problem.message)")
            ])
        }
    }

    /// - Parameter file: The name of the file for the messages; nothing is read from it.
    package static func read(
        source: String, file: String, environment: [String: String],
        checkFiles: FileCheck = { _ in [] }
    ) throws(ConfigurationFaults) -> Settings {
        let document: TOMLDocument
        do {
            document = try TOMLDocument(source)
        } catch {
            throw ConfigurationFaults(faults: [
                ConfigurationFault(file: file, line: error.line, message: "not TOML: \(error.message)")
            ])
        }
        var faults = FaultCollector(file: file, lines: document.lines)
        var settings = Settings()
        readGroups(of: document.members, into: &settings, &faults)
        settings.relationships = readRelationships(of: document, &faults)
        let checks = SettingsChecks(document: document.members, environment: environment)
        checks.run(on: settings, &faults)
        checks.readPassword(for: &settings, &faults)
        for problem in checkFiles(settings.database) {
            faults.add(["database", problem.setting], "database.\(problem.setting) \(problem.message)")
        }
        try faults.check()
        return settings
    }

    private static func readGroups(
        of document: [String: TOMLValue], into settings: inout Settings, _ faults: inout FaultCollector
    ) {
        for (group, value) in document where group != "relationships" {
            guard SettingRecord.groups.contains(group) else {
                let hint = Suggestion.hint(to: group, among: SettingRecord.groups + ["relationships"])
                faults.add([group], "unknown table '\(group)'\(hint)")
                continue
            }
            guard case .table(let members) = value else {
                faults.add([group], "'\(group)' must be a table: write [\(group)] on a line of its own")
                continue
            }
            readGroup(group, members, into: &settings, &faults)
        }
    }

    private static func readGroup(
        _ group: String, _ members: [String: TOMLValue], into settings: inout Settings,
        _ faults: inout FaultCollector
    ) {
        let records = SettingRecord.all.filter { $0.group == group }
        for (name, value) in members {
            if group == "batching", name == "client_weights", case .table(let weights) = value {
                settings.batching.clientWeights = ClientWeightsReader.read(weights, &faults)
                continue
            }
            if group == "batching", case .table(let own) = value {
                settings.batching.relationships[name] = RelationshipBatchingReader.read(name, own, &faults)
                continue
            }
            guard let record = records.first(where: { $0.name == name }) else {
                faults.add([group, name], unknown(name, in: group, among: records))
                continue
            }
            if !record.apply(value, &settings) {
                faults.add([group, name], "\(record.path) is \(value.shown); expected \(record.expected)")
            }
        }
    }

    private static func unknown(_ name: String, in group: String, among records: [SettingRecord]) -> String {
        if group == "database", name == "password" {
            return
                "a password does not stand in this file: name a file in database.password_file, or give the "
                + "systemd credential 'database-password', or set KINDRED_DATABASE_PASSWORD in the environment"
        }
        return "unknown setting '\(group).\(name)'" + Suggestion.hint(to: name, among: records.map(\.name))
    }

    private static func readRelationships(
        of document: TOMLDocument, _ faults: inout FaultCollector
    ) -> [ExplicitRelationship] {
        guard let value = document.members["relationships"] else { return [] }
        guard case .table(let relationships) = value else {
            faults.add(
                ["relationships"], "'relationships' must be a table: write [relationships.\"table.name\"]")
            return []
        }
        let read = relationships.compactMap { name, value in
            RelationshipReader.read(name: name, value: value, lines: document.lines, &faults)
        }
        return read.sorted { ($0.line, $0.name) < ($1.line, $1.name) }
    }
}
