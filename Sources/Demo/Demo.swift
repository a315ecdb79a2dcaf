import Foundation
import LineClient
package import PrivateServer

/// Shows what kindred does, on a database of its own: many clients ask at once, and few queries run. What it
/// prints fits a terminal of 100 columns and 30 rows.
package struct Demo {
    private static let width = 100
    /// Queries that are shown; if there are more, the last line says how many.
    private static let maxQueriesShown = 5
    private static let timedRuns = 5
    private let daemon: PrivateDaemon

    /// - Parameter program: Which server; nil for the one that `KINDRED_SERVER` names.
    package static func run(on program: ServerProgram?, staysOpen: Bool) throws {
        let program = try program ?? ServerProgram.chosen()
        print("Starting a private \(program.kind) with a bookshop, and kindred in front of it …")
        let demo = Demo(
            daemon: try PrivateDaemon(
                program, database: "shop", script: Bookshop.script, settings: "connections = 2"))
        defer { demo.daemon.stop() }
        try demo.showReplies()
        try demo.showQueries()
        try demo.showTimes()
        try demo.showHowToConnect(staysOpen: staysOpen)
        guard staysOpen else { return }
        waitForInterrupt()
        print("\nStopping, and removing everything.")
    }

    private func showReplies() throws {
        print("\nWhat a client sends (>) and gets (<):")
        let client = try daemon.client()
        let requests = [
            #"{"id":1,"load":"authors.books","key":42}"#,
            #"{"id":2,"load":"books.author","key":42}"#,
            #"{"id":3,"load":"books.tags","keys":[7,8,null]}"#,
        ]
        for request in requests {
            print("> \(request)")
            print(Self.shortened("< " + (try client.ask(request))))
        }
        let mistake = #"{"id":4,"load":"authors.bookz","key":42}"#
        print("> \(mistake)")
        print(Self.broken("< " + (try client.ask(mistake))))
    }

    private var productName: String { "\(daemon.server.program.kind)" }

    private var withKindred: Burst { Burst(way: .kindred(.unix(path: daemon.socketPath))) }

    private func showQueries() throws {
        try daemon.startRecording()
        _ = try withKindred.run()
        let queries = try daemon.stopRecording()
        print(
            "\n\(Burst.clients) clients send \(Burst.loadsPerClient) loads each, all at once. "
                + "\(productName) runs these queries:")
        let shown = queries.count > Self.maxQueriesShown ? Self.maxQueriesShown - 1 : queries.count
        for query in queries[..<shown] { print(Self.shortened("  " + Self.withoutColumns(query))) }
        if shown < queries.count { print("  … and \(queries.count - shown) more") }
    }

    /// What one run has cost, or the medians of several.
    private struct Cost {
        var queries: Double
        var milliseconds: Double
        var databaseMilliseconds: Double
    }

    /// Both ways take turns, so that whatever disturbs the machine disturbs them alike.
    private func showTimes() throws {
        let endpoint = daemon.server.endpoint(database: daemon.database)
        let withoutKindred = Burst(way: .direct(endpoint))
        var (direct, kindred): ([Cost], [Cost]) = ([], [])
        for _ in 0..<Self.timedRuns {
            direct.append(try cost(of: withoutKindred) { Burst.loads })
            let before = try queriesSent()
            kindred.append(try cost(of: withKindred) { try queriesSent() - before })
        }
        print(
            "\nThe same, \(Self.timedRuns) times each way; without kindred a client sends one query after "
                + "another. Medians:")
        print(line("without kindred", direct))
        print(line("with kindred", kindred))
    }

    private func cost(of burst: Burst, queries: () throws -> Int) throws -> Cost {
        let before = daemon.server.processorTime ?? 0
        let time = try burst.run()
        let used = (daemon.server.processorTime ?? 0) - before
        return Cost(
            queries: Double(try queries()), milliseconds: Double(time) / 1_000_000,
            databaseMilliseconds: Double(used) / 1_000_000)
    }

    /// Queries that the daemon has sent since its start.
    private func queriesSent() throws -> Int {
        let reply = try daemon.client().ask(#"{"op":"stats"}"#)
        return try JSONDecoder().decode(StatsReply.self, from: Data(reply.utf8)).stats.queries
    }

    // {"stats":{"requests":320,"queries":9,…}}
    private struct StatsReply: Decodable {
        struct Stats: Decodable { let queries: Int }
        let stats: Stats
    }

    // "  with kindred       4 queries    6.1 ms, MariaDB's CPU   3.0 ms"
    private func line(_ name: String, _ costs: [Cost]) -> String {
        func median(_ value: (Cost) -> Double) -> Double { costs.map(value).sorted()[costs.count / 2] }
        return "  " + name.padding(toLength: 15, withPad: " ", startingAt: 0)
            + String(
                format: " %4.0f queries %6.1f ms, ", median(\.queries), median(\.milliseconds))
            + "\(productName)'s CPU" + String(format: " %6.1f ms", median(\.databaseMilliseconds))
    }

    private func showHowToConnect(staysOpen: Bool) throws {
        let invitation =
            staysOpen
            ? "It goes on serving until Ctrl-C. From another terminal:"
            : "In a terminal it would go on serving now. From another terminal, one could then:"
        let program = Self.shellWord(try PrivateDaemon.ownExecutable())
        let socket = Self.shellWord(daemon.socketPath)
        print(
            """

            \(invitation)
              echo '{"id":1,"load":"authors.books","key":42}' | nc -N -U \(socket)
              \(program) query \\
                --socket \(socket) '{"op":"describe","load":"authors.books"}'
              mariadb -uroot -S \(Self.shellWord(daemon.server.socketPath)) \(daemon.database)
            """)
    }

    /// `SELECT … FROM books WHERE author_id IN (1,5,9)`
    private static func withoutColumns(_ query: String) -> String {
        guard let end = query.range(of: " FROM ") else { return query }
        return "SELECT …" + query[end.lowerBound...]
    }

    /// The text, cut to one line of the terminal.
    private static func shortened(_ text: String) -> String {
        guard text.count > width else { return text }
        let end = "… (\(text.utf8.count) bytes)"
        return text.prefix(width - end.count) + end
    }

    /// The whole text, in as many lines as it needs.
    private static func broken(_ text: String) -> String {
        guard text.count > width else { return text }
        return text.prefix(width) + "\n" + broken("  " + text.dropFirst(width))
    }

    /// The text as one word of a shell's command.
    private static func shellWord(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+".contains($0)) }
        return isPlain ? text : "'" + text.replacing("'", with: #"'\''"#) + "'"
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
