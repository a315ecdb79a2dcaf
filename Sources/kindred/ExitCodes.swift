import ArgumentParser
import Glibc
import Logging
import Reactor

extension ExitCode {
    /// sysexits.h: the configuration is wrong; systemd does not start the service again.
    static let misconfigured = ExitCode(78)
    /// sysexits.h: the database or the daemon cannot be reached.
    static let unavailable = ExitCode(69)
    /// sysexits.h: the operating system refused something, such as a socket.
    static let osError = ExitCode(71)

    /// Writes the message to standard error and is the code to end with.
    static func complaint(_ message: String, _ code: ExitCode) -> ExitCode {
        let prefix = ServiceManager.isJournal(STDERR_FILENO) ? Logger.Level.error.journalPrefix : ""
        let lines = message.split(separator: "\n").map { "\(prefix)\($0)\n" }
        let line = Array(lines.joined().utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        return code
    }
}
