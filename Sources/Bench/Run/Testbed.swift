import Foundation
package import LineClient
package import MariaDB
import Reactor

/// The daemon and the database that are measured, and the connections to both.
package final class Testbed {
    let loop: EventLoop
    let daemonAddress: LineClient.Address
    private let endpoint: Endpoint
    private let tunedEndpoint: Endpoint
    private let observer: LineClient
    private var plainConnections: [DatabaseConnection] = []
    private var tunedConnections: [DatabaseConnection] = []

    /// - Parameters:
    ///   - database: How applications connect to the database.
    ///   - tuned: How the daemon connects to it, with the session settings that make long `IN` lists cheap.
    package init(daemon: LineClient.Address, database: Endpoint, tuned: Endpoint) throws {
        loop = try EventLoop()
        daemonAddress = daemon
        endpoint = database
        tunedEndpoint = tuned
        observer = try LineClient(daemon)
    }

    /// A blocking connection, with the settings of applications.
    func blockingClient() throws -> BlockingClient { try BlockingClient(endpoint) }

    /// `10.11.14-MariaDB-0+deb12u2`
    package func databaseVersion() throws -> String {
        try blockingClient().strings("SELECT VERSION()").first?.first.flatMap { $0 } ?? ""
    }

    /// The first `count` connections to the database with the settings of applications; the same ones every
    /// time.
    func connections(_ count: Int) throws -> [DatabaseConnection] {
        while plainConnections.count < count { plainConnections.append(DatabaseConnection(endpoint, loop)) }
        return try connected(Array(plainConnections.prefix(count)))
    }

    /// The first `count` connections to the database with the settings of the daemon; the same ones every
    /// time.
    func tunedConnections(_ count: Int) throws -> [DatabaseConnection] {
        while tunedConnections.count < count {
            tunedConnections.append(DatabaseConnection(tunedEndpoint, loop))
        }
        return try connected(Array(tunedConnections.prefix(count)))
    }

    func prepared(_ workload: Workload, _ count: Int) throws -> [PreparedRunner] {
        try (0..<count).map { _ in try PreparedRunner(workload, endpoint, loop) }
    }

    private func connected(_ all: [DatabaseConnection]) throws -> [DatabaseConnection] {
        loop.wait(until: { all.allSatisfy(\.isReadyOrFailed) })
        if let failure = all.lazy.compactMap(\.failure).first { throw failure }
        return all
    }

    func run(_ trials: [Trial], _ timing: TrialTiming, progress: @escaping (String) -> Void) throws {
        guard !trials.isEmpty else { return }
        let database = try connections(1)[0]
        let runner = TrialRunner(
            trials, timing: timing, loop: loop, database: ProcessClock(serverAt: database.fileDescriptor),
            observer: stats)
        runner.onProgress = { done, all, trial in
            progress("\(done + 1)/\(all) \(trial.mix): \(trial.name)")
        }
        try runner.run()
    }

    /// The daemon's resident memory in KiB; nil if it does not report it.
    var daemonKilobytes: Int? {
        (try? stats())?.residentBytes.map { $0 >> 10 }
    }

    func stats() throws -> DaemonStats {
        try DaemonStats(reply: observer.ask(#"{"op":"stats"}"#))
    }
}
