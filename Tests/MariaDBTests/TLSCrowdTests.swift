import Foundation
import MariaDB
import PrivateServer
import Synchronization
import TestSupport
import Testing

/// Several connections over TLS in one thread, as the daemon's loop has them. OpenSSL has one queue of errors
/// for a thread, and libmariadb never empties it.
@Suite struct TLSCrowdTests {
    private let server: PrivateServer
    private let root: BlockingClient
    private let endpoint: Endpoint
    /// A host that the server has no certificate for.
    private let impostor: Endpoint

    init() throws {
        server = try PrivateServer(
            .mariaDB, arguments: Certificates.arguments(.server), tcpPort: PrivateServer.freePort())
        root = try server.client()
        let port = try #require(server.tcpPort)
        endpoint = try Self.endpoint(port, "db.test")
        impostor = try Self.endpoint(port, "other.test")
    }

    private static func endpoint(_ port: UInt16, _ name: String) throws -> Endpoint {
        var endpoint = Endpoint(.tcp(address: "127.0.0.1", port: port), user: "root", database: "mysql")
        endpoint.tls = TLS(.identity(name), ca: try Certificates.authority)
        return endpoint
    }

    private func connect() throws -> Connection {
        let attempt = ConnectAttempt()
        #expect(attempt.run(endpoint) == nil)
        return try #require(attempt.take())
    }

    /// One connection's query, and what has come of it.
    private struct Run {
        let connection: Connection
        var progress: MariaDB.Progress
        var sum = 0
        var isOver = false
        var error: DatabaseError?

        init(_ connection: Connection, _ sql: String) {
            self.connection = connection
            progress = connection.query(Array(sql.utf8))
        }

        /// Goes on until it waits or has ended.
        mutating func proceed() {
            while !isOver {
                switch progress {
                case .waiting: return
                case .row:
                    let digits = connection.currentRow[0].map { String(decoding: $0, as: UTF8.self) }
                    sum += digits.flatMap { Int($0) } ?? 0
                    progress = connection.fetch()
                case .columns: progress = connection.fetch()
                case .failed(let failure):
                    error = failure
                    isOver = true
                case .connected, .end, .done: isOver = true
                }
            }
        }
    }

    /// Runs a query on all connections at once, and calls `meanwhile` once when all have sent it.
    private func runs(_ sql: String, on connections: [Connection], meanwhile: () throws -> Void) throws
        -> [Run]
    {
        var runs = connections.map { Run($0, sql) }
        try meanwhile()
        for index in runs.indices { runs[index].proceed() }
        while runs.contains(where: { !$0.isOver }) {
            var isNews = false
            for index in runs.indices where !runs[index].isOver {
                guard case .waiting(let interest) = runs[index].progress else { continue }
                let ready = ready(interest, within: 1)
                guard !ready.isEmpty else { continue }
                isNews = true
                runs[index].progress = runs[index].connection.resume(ready: ready)
                runs[index].proceed()
            }
            if !isNews { usleep(1000) }
        }
        return runs
    }

    @Test func `nobody's error is another's, under signals and with peers that are killed`() throws {
        let signals = Interruptions()
        defer { signals.stop() }
        var connections = try (0..<8).map { _ in try connect() }
        for round in 0..<30 {
            let victims = [round % 8, (round * 3 + 1) % 8]
            let runs = try runs("SELECT seq, REPEAT('x', 500) FROM seq_1_to_2000", on: connections) {
                // What its failure leaves in the queue is for nobody else.
                #expect(ConnectAttempt().run(impostor)?.errno == ErrorNumber.tlsFailed)
                for victim in victims {
                    try? root.execute("KILL CONNECTION \(connections[victim].threadID)")
                }
            }
            for (index, run) in runs.enumerated() {
                // One that is killed may have had its answer before.
                if victims.contains(index), let error = run.error {
                    #expect(error.kind == .connectionLost || error.errno == 1317, "\(error)")
                } else {
                    #expect(run.error == nil && run.sum == 2000 * 2001 / 2, "round \(round): \(run)")
                }
            }
            for victim in Set(victims) { connections[victim] = try connect() }
        }
        #expect(signals.count > 100)
    }
}

/// Signals for the thread that makes this, each of which interrupts a system call that waits, until they are
/// stopped.
private final class Interruptions: Sendable {
    private let isOver = Atomic(false)
    private let sent = Atomic(0)

    init() {
        // Without SA_RESTART.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGUSR1, &action, nil)
        let thread = pthread_self()
        Thread { [self] in
            while !isOver.load(ordering: .sequentiallyConsistent) {
                pthread_kill(thread, SIGUSR1)
                sent.add(1, ordering: .sequentiallyConsistent)
                usleep(200)
            }
            ended.signal()
        }.start()
    }

    private let ended = DispatchSemaphore(value: 0)

    var count: Int { sent.load(ordering: .sequentiallyConsistent) }

    /// Returns when none will come any more.
    func stop() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        ended.wait()
    }
}
