import Foundation
package import MariaDB
package import PrivateServer
import Reactor

/// Who takes part in a comparison: a daemon, its database, and connections of our own to both.
package final class Ring {
    let loop: EventLoop
    let daemonAddress: LineClient.Address
    private let endpoint: Endpoint
    private let observer: LineClient
    private let observerDescriptor: Int32
    private var plainConnections: [DatabaseConnection] = []
    private var tunedConnections: [DatabaseConnection] = []

    package init(daemon: LineClient.Address, database: Endpoint) throws {
        loop = try EventLoop()
        daemonAddress = daemon
        endpoint = database
        observer = try LineClient(daemon)
        observerDescriptor = try LineClient.connect(daemon)
    }

    /// One that waits, as applications connect.
    func blockingClient() throws -> BlockingClient { try BlockingClient(endpoint) }

    /// `10.11.14-MariaDB-0+deb12u2`
    package func databaseVersion() throws -> String {
        try blockingClient().strings("SELECT VERSION()").first?.first.flatMap { $0 } ?? ""
    }

    deinit { close(observerDescriptor) }

    /// So many connections to the database as applications make them, the same ones every time.
    func connections(_ count: Int) throws -> [DatabaseConnection] {
        while plainConnections.count < count { plainConnections.append(DatabaseConnection(endpoint, loop)) }
        return try settled(Array(plainConnections.prefix(count)))
    }

    /// Connections with what makes long `IN` lists cheap, as the daemon has them.
    func tunedConnections(_ count: Int) throws -> [DatabaseConnection] {
        var tuned = endpoint
        tuned.sessionSetup = "SET eq_range_index_dive_limit=1, tx_isolation='READ-COMMITTED'"
        while tunedConnections.count < count { tunedConnections.append(DatabaseConnection(tuned, loop)) }
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
            trials, plan: plan, loop: loop, daemon: ProcessClock(peerOf: observerDescriptor),
            database: ProcessClock(peerOf: database.fileDescriptor), observer: stats)
        conductor.onProgress = { done, all, trial in
            progress("\(done + 1)/\(all) \(trial.mix): \(trial.name)")
        }
        try conductor.run()
    }

    /// Resident memory of the daemon, if it is on this machine: `VmRSS` of proc(5).
    var daemonKilobytes: Int? {
        guard let pid = Socket(fileDescriptor: observerDescriptor).peerProcessID,
            let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.filter(\.isNumber)) }
    }

    func stats() throws -> DaemonStats {
        try DaemonStats(reply: observer.ask(#"{"op":"stats"}"#))
    }
}
