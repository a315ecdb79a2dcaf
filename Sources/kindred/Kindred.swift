import ArgumentParser
import Configuration
import Relations

@main
struct Kindred: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "kindred",
        abstract: "Answers many clients' questions for related rows with few queries.",
        discussion: """
            Clients ask for the rows related to a parent, one JSON object per line over a Unix or TCP socket. kindred \
            gathers what all of them ask within a moment, asks MariaDB once per relationship, and gives every client \
            its rows.
            """,
        version: version,
        subcommands: [Serve.self, Query.self, DemoCommand.self])
}

/// The option that most subcommands share.
struct ConfigurationFile: ParsableArguments {
    @Option(
        name: .shortAndLong, help: "The configuration file (TOML).", completion: .file(extensions: ["toml"]))
    var config: String

    func read() throws -> Settings { try Settings.read(config) }
    func reread() throws -> Settings { try Settings.read(config) }
    func complaint(of faults: [CatalogFault]) -> ExitCode {
        .complaint(
            faults.map { "\(config):\($0.line): \($0.message)" }.joined(separator: "\n"), .misconfigured)
    }
}
