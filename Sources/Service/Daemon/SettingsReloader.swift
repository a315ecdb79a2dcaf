import Configuration
import Reactor

/// Reads the configuration file again, on a thread of its own: users and groups are looked up, and a directory service
/// may take its time, or never answer.
final class SettingsReloader {
    struct Reading: Sendable {
        /// What takes effect without a restart.
        let settings: Settings
        let weights: ClientWeights
        /// As it stands in the file, whatever of it needs a restart.
        let listen: Settings.Listen
        /// Names of settings that have changed in the file and need a restart.
        let needRestart: [String]
    }

    private let reread: @Sendable () throws -> Settings
    private let mailbox: Mailbox<Result<Reading, any Error>>
    var onReading: (Result<Reading, any Error>) -> Void = { _ in }

    init(_ loop: EventLoop, reread: @escaping @Sendable () throws -> Settings) throws(ReactorError) {
        self.reread = reread
        mailbox = try Mailbox(loop)
        mailbox.receive { [unowned self] in onReading($0) }
    }

    /// - Parameter running: the settings that are in effect.
    func read(over running: Settings) {
        let (reread, mailbox) = (reread, mailbox.sender)
        do throws(ReactorError) {
            try WorkerThread.detach {
                mailbox.post(Result { Self.reading(of: try reread(), over: running) })
            }
        } catch {
            mailbox.post(.failure(error))
        }
    }

    private static func reading(of new: Settings, over running: Settings) -> Reading {
        let effective = new.reloaded(over: running)
        return Reading(
            settings: effective, weights: ClientWeights(effective), listen: new.listen,
            needRestart: new.unreloadableChanges(since: running))
    }
}
