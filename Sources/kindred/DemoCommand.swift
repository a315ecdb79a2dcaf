import ArgumentParser
import Demo
import Glibc
import PrivateServer

extension ServerProgram: ExpressibleByArgument {}

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows what kindred does, on a private server with a small bookshop.",
        discussion: """
            Starts a database server and a daemon in a temporary directory, lets 16 clients ask 320 loads at once, and \
            prints the SQL that really ran. In a terminal it goes on serving until Ctrl-C; everything it made is \
            removed at the end. Without --server it needs Debian's mariadb-server-core and mariadb-client-core.
            """)

    @Option(
        help: ArgumentHelp(
            "Another server than the machine's MariaDB, brought before by Tests/bring-server.sh."))
    var server: ServerProgram?

    func run() throws {
        do {
            try Demo.run(
                on: server, staysOpen: isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1)
        } catch {
            throw ExitCode.reporting("kindred demo: \(error)", .unavailable)
        }
    }
}
