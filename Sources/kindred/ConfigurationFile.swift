import ArgumentParser
import Configuration
import Foundation
import MariaDB
import Relations
import Service

/// The option that most subcommands share, and the ways in which what it names can be wrong.
struct ConfigurationFile: ParsableArguments {
    @Option(
        name: .shortAndLong, help: "The configuration file (TOML).", completion: .file(extensions: ["toml"]))
    var config: String

    /// The settings, or the code to end with after all faults have been printed.
    func read() throws -> Settings {
        do {
            return try reread()
        } catch {
            throw ExitCode.complaint("\(error)", .misconfigured)
        }
    }

    /// The settings, or an error that says everything in one line.
    func reread(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationFaults) -> Settings {
        try SettingsReader.read(path: config, environment: environment)
    }

    func schema(_ settings: Settings) throws -> Schema {
        do throws(DatabaseError) {
            return try Inspection.schema(settings)
        } catch {
            throw complaint(of: error, settings)
        }
    }

    func complaint(of error: DatabaseError, _ settings: Settings) -> ExitCode {
        let what =
            error.kind == .statement ? "the database answers nothing" : "the database cannot be reached"
        return .complaint("\(config): \(what): \(Inspection.explanation(of: error, settings))", .unavailable)
    }

    /// The relationships that a daemon with this file serves.
    func catalog(_ settings: Settings) throws -> Catalog {
        try catalog(settings, schema(settings)).catalog
    }

    /// The relationships that a daemon with this file serves from this schema, and what the operator should
    /// know of it, a sentence each.
    func catalog(_ settings: Settings, _ schema: Schema) throws -> (catalog: Catalog, warnings: [String]) {
        let (catalog, faults, warnings) = Catalog.make(settings, schema)
        guard faults.isEmpty else { throw complaint(of: faults) }
        return (catalog, warnings)
    }

    /// FILE:LINE: what is wrong
    func complaint(of faults: [CatalogFault]) -> ExitCode {
        .complaint(text(of: faults), .misconfigured)
    }

    func text(of faults: [CatalogFault]) -> String {
        faults.map { "\(config):\($0.line): \($0.message)" }.joined(separator: "\n")
    }
}
