import ArgumentParser
import Glibc

@main
struct Kindred: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "kindred",
        abstract: "Answers many clients' questions for related rows with few queries.",
        discussion: """
            Clients ask for the rows related to a parent, one JSON object per line over a Unix or TCP socket. kindred \
            gathers what all of them ask within a moment, asks MariaDB or MySQL once per relationship, and gives every client \
            its rows.
            """,
        version: version,
        subcommands: [
            Serve.self, Check.self, Introspect.self, Example.self, Query.self, Explain.self, DemoCommand.self,
            BenchCommand.self,
        ])

    static func main() {
        // Swift takes the arguments from /proc/self/cmdline, and not even the program's name is there without
        // it.
        guard CommandLine.argc > 0 else {
            exit(withError: ExitCode.reporting("kindred: no arguments: is /proc mounted?", .osError))
        }
        main(nil)
    }
}
