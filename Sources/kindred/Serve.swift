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
        // For reloads as well: LISTEN_FDS, which says that there is something to listen on, is about to go.
        let environment = ProcessInfo.processInfo.environment
        let inherited: [Int32]
        do {
            inherited = try ServiceManager.inheritedListeners()
        } catch {
            throw ExitCode.reporting("kindred: \(error)", .osError)
        }
        do throws(Failure) {
            let settings = try readSettings(environment)
            let log = try openLog()
            // The error that ends the program must come after everything that was logged.
            defer { log.flush(withinMilliseconds: 1000) }
            try serve(settings, environment, inherited, log)
        } catch {
            ServiceManager().notify(.status("cannot start: \(error.message)"))
            let code = ExitCode.reporting(error.message, error.code)
            FailedStart.turnAwayClients(of: inherited)
            throw code
        }
    }

    /// Why the daemon cannot serve.
    private struct Failure: Error {
        let message: String
        let code: ExitCode
    }

    private func serve(
        _ settings: Settings, _ environment: [String: String], _ inherited: [Int32], _ log: LogStream
    ) throws(Failure) {
        let isJournal = ServiceManager.isJournal(STDERR_FILENO)
        LoggingSystem.bootstrap { _ in LineLogHandler(log, isJournal: isJournal) }
        var logger = Logger(label: "kindred")
        logger.logLevel = Logger.Level(rawValue: settings.service.logLevel.rawValue) ?? .info
        let end: Daemon.End
        do {
            let daemon = try Daemon(
                settings: settings, version: Kindred.version, inherited: inherited, logger: logger
            ) { [file, environment] in try file.settings(environment: environment) }
            end = try daemon.run()
        } catch {
            throw Failure(message: "kindred: \(error)", code: .osError)
        }
        switch end {
        case .drained: logger.notice("stopped")
        case .cutShort: logger.notice("stopped before everything was answered")
        case .misconfigured(let faults):
            throw Failure(message: file.text(of: faults), code: .misconfigured)
        }
    }

    private func readSettings(_ environment: [String: String]) throws(Failure) -> Settings {
        do throws(ConfigurationFaults) {
            return try file.settings(environment: environment)
        } catch {
            throw Failure(message: "\(error)", code: .misconfigured)
        }
    }

    private func openLog() throws(Failure) -> LogStream {
        let isJournal = ServiceManager.isJournal(STDERR_FILENO)
        do {
            return try LogStream(
                to: STDERR_FILENO, warningPrefix: isJournal ? Logger.Level.warning.journalPrefix : "")
        } catch {
            throw Failure(message: "kindred: \(error)", code: .osError)
        }
    }
}
