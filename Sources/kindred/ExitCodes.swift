import ArgumentParser
import Glibc
import Logging
import Reactor

extension ExitCode {
    /// EX_CONFIG of sysexits.h: the configuration is wrong; systemd does not start the service again.
    static let misconfigured = ExitCode(78)
    /// EX_UNAVAILABLE of sysexits.h: the database or the daemon cannot be reached.
    static let unavailable = ExitCode(69)
    /// EX_OSERR of sysexits.h: the operating system refused something, such as a socket.
    static let osError = ExitCode(71)

    /// Writes the message to standard error; returns the code, to be thrown.
    static func reporting(_ message: String, _ code: ExitCode) -> ExitCode {
        let prefix = ServiceManager.isJournal(STDERR_FILENO) ? Logger.Level.error.journalPrefix : ""
        let lines = message.split(separator: "\n").map { "\(prefix)\($0)\n" }
        let line = Array(lines.joined().utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        return code
    }
}
