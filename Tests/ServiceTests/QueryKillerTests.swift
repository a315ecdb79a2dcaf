import Foundation
import MariaDB
import PrivateServer
import Reactor
import Synchronization
import TestSupport
import Testing
import Time

@testable import Service

struct QueryKillerTests {
    private let loop: EventLoop
    private let killer: QueryKiller

    init() throws {
        loop = try EventLoop()
        killer = try QueryKiller(loop)
    }

    private func endpoint(_ path: String) -> Endpoint {
        Endpoint(.socket(path: path), user: "root", connectTimeoutSeconds: 60)
    }

    /// What each order is answered, all given in one turn.
    private func outcomes(of threads: ClosedRange<UInt>, at endpoint: Endpoint) -> [QueryKiller.Outcome?] {
        var answers: [UInt: QueryKiller.Outcome] = [:]
        for thread in threads { killer.kill(query(thread), at: endpoint) { answers[thread] = $0 } }
        let patience = Alarm(loop) { [loop] in loop.stop() }
        patience.set(at: loop.now + .seconds(30))
        loop.wait { answers.count == threads.count }
        #expect(answers.count == threads.count)
        return threads.map { answers[$0] }
    }

    private func query(_ thread: UInt) -> RunningQuery {
        RunningQuery(threadID: thread, sql: "SELECT 1".utf8)
    }

    /// A result with one row: that the query runs, as number 58.
    /// https://mariadb.com/kb/en/result-set-packets/
    private static let found =
        ScriptedServer.packet([1], 1)
        + ScriptedServer.packet(
            [3] + Array("def".utf8) + [0, 0, 0, 8] + Array("QUERY_ID".utf8)
                + [0, 12, 63, 0, 21, 0, 0, 0, 8, 0, 0, 0, 0, 0], 2)
        + ScriptedServer.end(3) + ScriptedServer.packet([2] + Array("58".utf8), 4) + ScriptedServer.end(5)

    @Test func `a server that has fallen silent does not hold up kills at another`() throws {
        let silent = try ScriptedServer(login: [], [[]])
        var isAnswered = false
        killer.kill(query(1), at: endpoint(silent.path)) { _ in isAnswered = true }
        // Its round has begun.
        loop.onNextTurn { [loop] in loop.stop() }
        loop.run {}
        let alive = try ScriptedServer([Self.found, ScriptedServer.ok(1)])
        #expect(outcomes(of: 2...2, at: endpoint(alive.path)) == [.told])
        #expect(!isAnswered)
    }

    @Test func `kills of one turn go over one connection`() throws {
        // It serves no second one.
        let server = try ScriptedServer((1...5).flatMap { _ in [Self.found, ScriptedServer.ok(1)] })
        #expect(outcomes(of: 1...5, at: endpoint(server.path)) == [.told, .told, .told, .told, .told])
    }

    @Test func `when the connection is lost amid a round, the rest is answered so at once`() throws {
        let server = try ScriptedServer([Self.found, ScriptedServer.ok(1)])
        let answers = outcomes(of: 1...4, at: endpoint(server.path))
        #expect(answers[0] == .told)
        guard case .failed(let error) = answers[1] else { throw TestFailure(description: "\(answers)") }
        #expect(error.kind == .connectionLost)
        #expect(answers[2] == .failed(error) && answers[3] == .failed(error))
    }

    @Test func `where nobody listens, all are told so, and the next round tries again`() throws {
        let nowhere = endpoint("/nowhere/s")
        for _ in 1...2 {
            let answers = outcomes(of: 1...3, at: nowhere)
            let areUnreachable = answers.allSatisfy {
                if case .failed(let error) = $0 { error.kind == .unreachable } else { false }
            }
            #expect(areUnreachable, "\(answers)")
        }
    }

    /// Where a query of its own thread leaves what it was answered.
    private final class Victim: Sendable {
        let answer = Mutex<String?>(nil)

        init(_ sql: String, at endpoint: Endpoint) {
            Thread { [self] in
                let rows = try? BlockingClient(endpoint).strings(sql)
                answer.withLock { $0 = rows?.first?[0] ?? "none" }
            }.start()
        }
    }

    @Test func `only the query that was meant is stopped, not another of the same thread`() throws {
        let server = try SharedServer.server
        let sql = "SELECT SLEEP(600),'killer','\(String(repeating: "é", count: 100_000))'"
        let victim = Victim(sql, at: endpoint(server.socketPath))
        let observer = try server.client()
        var thread: UInt?
        try eventually("it runs") {
            let rows = try observer.strings(
                "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(600),\\'killer%'"
            )
            thread = rows.first?[0].flatMap { UInt($0) }
            return thread != nil
        }
        func outcome(of sql: String) -> QueryKiller.Outcome? {
            var answer: QueryKiller.Outcome?
            let query = RunningQuery(threadID: thread ?? 0, sql: sql.utf8)
            killer.kill(query, at: endpoint(server.socketPath)) { answer = $0 }
            loop.wait { answer != nil }
            return answer
        }
        #expect(outcome(of: "SELECT SLEEP(601)") == .notThere)
        #expect(victim.answer.withLock { $0 } == nil)
        #expect(outcome(of: sql) == .told)
        // MySQL's SLEEP ends with a row where MariaDB's ends with an error.
        try eventually("it has ended") { victim.answer.withLock { $0 } != nil }
        #expect(outcome(of: sql) == .notThere)
    }
}
