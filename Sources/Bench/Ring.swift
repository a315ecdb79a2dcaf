import Glibc
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
    private var databaseConnections: [DatabaseConnection] = []

    package init(daemon: LineClient.Address, database: Endpoint) throws {
        loop = try EventLoop()
        daemonAddress = daemon
        endpoint = database
        observer = try LineClient(daemon)
        observerDescriptor = try LineClient.connect(daemon)
    }

    deinit { close(observerDescriptor) }

    /// So many connections to the database, the same ones every time.
    func connections(_ count: Int) throws -> [DatabaseConnection] {
        while databaseConnections.count < count {
            databaseConnections.append(DatabaseConnection(endpoint, loop))
        }
        let all = Array(databaseConnections.prefix(count))
        loop.wait(until: { all.allSatisfy(\.isSettled) })
        if let failure = all.lazy.compactMap(\.failure).first { throw failure }
        return all
    }

    func run(_ trials: [Trial], _ plan: Conductor.Plan, progress: @escaping (String) -> Void) throws {
        let database = try connections(1)[0]
        let conductor = Conductor(
            trials, plan: plan, loop: loop, daemon: ProcessClock(peerOf: observerDescriptor),
            database: ProcessClock(peerOf: database.fileDescriptor), observer: observer)
        conductor.onProgress = { done, all, trial in
            progress("\(done + 1)/\(all) \(trial.workload): \(trial.name)")
        }
        conductor.run()
    }

    func stat(_ name: String) -> Int? {
        (try? observer.ask(#"{"op":"stats"}"#)).flatMap { Conductor.number(name, in: $0) }
    }
}
