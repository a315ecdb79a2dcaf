import Foundation
import LineClient
import PrivateServer
import Synchronization

/// Shows what kindred does, on a database of its own: many clients ask at once, few queries run.
package struct Demo {
    private static let clients = 16
    private static let loadsPerClient = 20
    private let stage: Stage

    package static func run(staysOpen: Bool) throws {
        print("Starting a private MariaDB with a bookshop, and kindred in front of it …")
        let demo = Demo(
            stage: try Stage(database: "shop", script: Bookshop.script, settings: "connections = 2"))
        defer { demo.stage.stop() }
        try demo.showReplies()
        try demo.showBurst()
        demo.showHowToConnect(staysOpen: staysOpen)
        guard staysOpen else { return }
        waitForInterrupt()
        print("\nStopping, and removing everything.")
    }

    private func showReplies() throws {
        print("\nWhat a client sends (>) and gets (<):\n")
        let client = try stage.client()
        let requests = [
            #"{"id":1,"load":"authors.books","key":42}"#,
            #"{"id":2,"load":"books.author","key":42}"#,
            #"{"id":3,"load":"books.tags","keys":[7,8,null]}"#,
            #"{"id":4,"load":"orders.order_lines","key":[2024,17]}"#,
            #"{"id":5,"load":"customers.reviews","key":"CUSTOMER7@example.com"}"#,
            #"{"id":6,"load":"authors.bookz","key":42}"#,
        ]
        for request in requests {
            print("> \(request)")
            print("< \(Self.shortened(try client.ask(request)))")
        }
    }

    /// The same number of loads as clients × loads, each for one parent, all sent before any reply is read.
    private func showBurst() throws {
        try stage.startRecording()
        let found = Found()
        let threads = (0..<Self.clients).map { number in
            let burst = Burst(
                address: .unix(path: stage.socketPath), number: number, loads: Self.loadsPerClient)
            return Worker { if let failure = burst.run() { found.failures.withLock { $0.append(failure) } } }
        }
        for thread in threads { thread.join() }
        let statements = try stage.stopRecording()
        let failed = found.failures.withLock { $0 }
        guard failed.isEmpty else { throw LineClient.Failure(failed.joined(separator: "\n")) }
        print(
            "\n\(Self.clients) clients sent \(Self.loadsPerClient) loads each, all at once. The SQL that really ran:\n"
        )
        for statement in statements { print("  \(Self.shortened(statement))") }
        print("\n\(Self.clients * Self.loadsPerClient) requests → \(statements.count) queries")
    }

    private final class Found: Sendable {
        let failures = Mutex<[String]>([])
    }

    private func showHowToConnect(staysOpen: Bool) {
        let invitation =
            staysOpen
            ? "It goes on serving until Ctrl-C. From another terminal:"
            : "In a terminal it would go on serving now. From another terminal, one could then:"
        print(
            """

            \(invitation)

              echo '{"id":1,"load":"authors.books","key":42}' | nc -N -U \(stage.socketPath)
              kindred query --socket \(stage.socketPath) '{"op":"describe","load":"authors.books"}'
              mariadb -uroot -S \(stage.server.socketPath) \(stage.database)
            """)
    }

    private static func shortened(_ text: String) -> String {
        text.count <= 180 ? text : "\(text.prefix(180))… (\(text.utf8.count) bytes)"
    }

    private static func waitForInterrupt() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var received: Int32 = 0
        sigwait(&signals, &received)
    }
}
