import ArgumentParser
import Configuration
import Foundation
import Logging
import Reactor
import Service

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the daemon in the foreground, as systemd wants it.",
        discussion: """
            Logs to standard error. SIGTERM answers what is under way and ends; SIGHUP reads the file and the schema \
            again; a file with faults changes nothing. Ends with 78 if the configuration is wrong.
            """)

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        StandardStreams.complete()
        LargeBlocks.useOwnPages()
        // For reloads as well: the daemon takes LISTEN_FDS, which says that there is something to listen on, out of it.
        let environment = ProcessInfo.processInfo.environment
        let settings = try file.read()
        let log = try openLog()
        // What ends the program with a complaint stands behind all that was logged.
        defer { log.flush(withinMilliseconds: 1000) }
        LoggingSystem.bootstrap { StreamLogHandler(label: $0, stream: log) }
        var logger = Logger(label: "kindred")
        logger.logLevel = Logger.Level(rawValue: settings.service.logLevel.rawValue) ?? .info
        let end: Daemon.End
        do {
            let daemon = try Daemon(settings: settings, version: Kindred.version, logger: logger) {
                [file, environment] in try file.reread(environment: environment)
            }
            end = try daemon.run()
        } catch {
            throw ExitCode.complaint("kindred: \(error)", .osError)
        }
        switch end {
        case .drained: logger.notice("stopped")
        case .cutShort: logger.notice("stopped before everything was answered")
        case .misconfigured(let faults): throw file.complaint(of: faults)
        }
    }

    private func openLog() throws -> LogStream {
        do {
            return try LogStream(to: STDERR_FILENO)
        } catch {
            throw ExitCode.complaint("kindred: \(error)", .osError)
        }
    }
}
