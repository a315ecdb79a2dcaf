import Foundation
package import LineClient
package import MariaDB
import Reactor

/// What is measured: a daemon and its database, with connections of our own to both.
package final class Testbed {
    let loop: EventLoop
    let daemonAddress: LineClient.Address
    private let endpoint: Endpoint
    private let tunedEndpoint: Endpoint
    private let observer: LineClient
    private var plainConnections: [DatabaseConnection] = []
    private var tunedConnections: [DatabaseConnection] = []

    /// - Parameters:
    ///   - database: as applications connect to it.
    ///   - tuned: as the daemon does, with what makes long `IN` lists cheap.
    package init(daemon: LineClient.Address, database: Endpoint, tuned: Endpoint) throws {
        loop = try EventLoop()
        daemonAddress = daemon
        endpoint = database
        tunedEndpoint = tuned
        observer = try LineClient(daemon)
    }

    /// One that waits, as applications connect.
    func blockingClient() throws -> BlockingClient { try BlockingClient(endpoint) }

    /// `10.11.14-MariaDB-0+deb12u2`
    package func databaseVersion() throws -> String {
        try blockingClient().strings("SELECT VERSION()").first?.first.flatMap { $0 } ?? ""
    }

    /// So many connections to the database as applications make them, the same ones every time.
    func connections(_ count: Int) throws -> [DatabaseConnection] {
        while plainConnections.count < count { plainConnections.append(DatabaseConnection(endpoint, loop)) }
        return try settled(Array(plainConnections.prefix(count)))
    }

    /// The same as the daemon makes them.
    func tunedConnections(_ count: Int) throws -> [DatabaseConnection] {
        while tunedConnections.count < count {
            tunedConnections.append(DatabaseConnection(tunedEndpoint, loop))
        }
        return try settled(Array(tunedConnections.prefix(count)))
    }

    func prepared(_ workload: Workload, _ count: Int) throws -> [PreparedRunner] {
        try (0..<count).map { _ in try PreparedRunner(workload, endpoint, loop) }
    }

    private func settled(_ all: [DatabaseConnection]) throws -> [DatabaseConnection] {
        loop.wait(until: { all.allSatisfy(\.isSettled) })
        if let failure = all.lazy.compactMap(\.failure).first { throw failure }
        return all
    }

    func run(_ trials: [Trial], _ plan: Plan, progress: @escaping (String) -> Void) throws {
        guard !trials.isEmpty else { return }
        let database = try connections(1)[0]
        let conductor = Conductor(
            trials, plan: plan, loop: loop, database: ProcessClock(serverAt: database.fileDescriptor),
            observer: stats)
        conductor.onProgress = { done, all, trial in
            progress("\(done + 1)/\(all) \(trial.mix): \(trial.name)")
        }
        try conductor.run()
    }

    /// Resident memory of the daemon, as it tells it.
    var daemonKilobytes: Int? {
        (try? stats())?.residentBytes.map { $0 >> 10 }
    }

    func stats() throws -> DaemonStats {
        try DaemonStats(reply: observer.ask(#"{"op":"stats"}"#))
    }
}
