import ArgumentParser
import Configuration
import Foundation
import MariaDB
import Relations
import Service

/// The option `--config` of most commands, and how they report what is wrong with the file.
struct ConfigurationFile: ParsableArguments {
    @Option(
        name: .shortAndLong, help: "The configuration file (TOML).", completion: .file(extensions: ["toml"]))
    var config: String

    /// Reads the settings; prints all faults, and throws the exit code, if there are any.
    func read() throws -> Settings {
        do {
            return try settings()
        } catch {
            throw ExitCode.reporting("\(error)", .misconfigured)
        }
    }

    /// Reads the settings, or throws all faults.
    func settings(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationFaults) -> Settings {
        try SettingsReader.read(path: config, environment: environment) { $0.problemsOfFiles }
    }

    func schema(_ settings: Settings) throws -> Schema {
        do throws(DatabaseError) {
            return try Inspection.schema(settings)
        } catch {
            throw reporting(error, settings)
        }
    }

    func reporting(_ error: DatabaseError, _ settings: Settings) -> ExitCode {
        // Of several servers that cannot be used, this is the first one's error.
        let server = settings.database.candidates[0]
        let what =
            error.kind == .statement
            ? "the database answers nothing" : "the database at \(server) cannot be reached"
        return .reporting("\(config): \(what): \(Inspection.explanation(of: error, settings))", .unavailable)
    }

    /// The relationships that a daemon with this file serves.
    func catalog(_ settings: Settings) throws -> Catalog {
        try catalog(settings, schema(settings)).catalog
    }

    /// The relationships that a daemon with this file serves from this schema, and what the operator should
    /// know of it, a sentence each.
    func catalog(_ settings: Settings, _ schema: Schema) throws -> (catalog: Catalog, warnings: [String]) {
        let (catalog, faults, warnings) = Catalog.make(settings, schema)
        guard faults.isEmpty else { throw reporting(faults) }
        return (catalog, warnings)
    }

    /// FILE:LINE: what is wrong
    func reporting(_ faults: [CatalogFault]) -> ExitCode {
        .reporting(text(of: faults), .misconfigured)
    }

    func text(of faults: [CatalogFault]) -> String {
        faults.map { "\(config):\($0.line): \($0.message)" }.joined(separator: "\n")
    }
}
