import ArgumentParser

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
        subcommands: [
            Serve.self, Check.self, Introspect.self, Example.self, Query.self, Explain.self, DemoCommand.self,
            BenchCommand.self,
        ])
}
