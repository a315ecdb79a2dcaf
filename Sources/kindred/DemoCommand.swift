import ArgumentParser
import Demo
import Glibc

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows what kindred does, on a private MariaDB with a small bookshop.",
        discussion: """
            Starts a MariaDB server and a daemon in a temporary directory, lets 16 clients ask 320 loads at once, and \
            prints the SQL that really ran. In a terminal it goes on serving until Ctrl-C; everything it made is \
            removed at the end. Needs Debian's mariadb-server-core and mariadb-client-core.
            """)

    func run() throws {
        do {
            try Demo.run(staysOpen: isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1)
        } catch {
            throw ExitCode.reporting("kindred demo: \(error)", .unavailable)
        }
    }
}
