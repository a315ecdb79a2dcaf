import Configuration
import Reactor

/// Reads the configuration file again, on a thread of its own: users and groups are looked up, and a
/// directory service may take its time, or never answer.
final class SettingsReloader {
    struct Reading: Sendable {
        /// The settings that take effect without a restart.
        let settings: Settings
        let weights: ClientWeights
        /// The listeners as the file has them, although some of that needs a restart.
        let listen: Settings.Listen
        /// Names of settings that have changed in the file and need a restart.
        let needRestart: [String]
    }

    private let reread: @Sendable () throws -> Settings
    private let offload: Offload<Result<Reading, any Error>>
    /// Called on the loop's thread with what each reading gave.
    var onReading: (Result<Reading, any Error>) -> Void = { _ in }

    init(_ loop: EventLoop, reread: @escaping @Sendable () throws -> Settings) throws(ReactorError) {
        self.reread = reread
        offload = try Offload(loop)
    }

    /// - Parameter running: the settings that are in effect.
    func read(over running: Settings) {
        let reread = reread
        offload.run {
            Result { Self.reading(of: try reread(), over: running) }
        } then: { [unowned self] in
            onReading($0.mapError { $0 as any Error }.flatMap { $0 })
        }
    }

    private static func reading(of new: Settings, over running: Settings) -> Reading {
        let effective = new.reloaded(over: running)
        return Reading(
            settings: effective, weights: ClientWeights(effective), listen: new.listen,
            needRestart: new.unreloadableChanges(since: running))
    }
}
