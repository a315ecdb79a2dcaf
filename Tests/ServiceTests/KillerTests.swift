import MariaDB
import Reactor
import TestSupport
import Testing

@testable import Service

struct KillerTests {
    private let loop: EventLoop
    private let killer: Killer

    init() throws {
        loop = try EventLoop()
        killer = try Killer(loop)
    }

    private func endpoint(_ path: String) -> Endpoint {
        Endpoint(.socket(path: path), user: "root", connectTimeoutSeconds: 60)
    }

    /// What each order is answered, all given in one turn.
    private func outcomes(of threads: ClosedRange<UInt>, at endpoint: Endpoint) -> [DatabaseError?] {
        var answers: [UInt: DatabaseError?] = [:]
        for thread in threads { killer.kill(thread, at: endpoint) { answers[thread] = .some($0) } }
        let patience = Alarm(loop) { [loop] in loop.stop() }
        patience.set(at: loop.now + 30_000_000_000)
        loop.wait { answers.count == threads.count }
        #expect(answers.count == threads.count)
        return threads.map { answers[$0] ?? nil }
    }

    @Test func `a server that has fallen silent does not hold up kills at another`() throws {
        let silent = try ScriptedServer(login: [], [[]])
        var isAnswered = false
        killer.kill(1, at: endpoint(silent.path)) { _ in isAnswered = true }
        // Its round has begun.
        loop.onNextTurn { [loop] in loop.stop() }
        loop.run {}
        let alive = try ScriptedServer([ScriptedServer.ok(1)])
        #expect(outcomes(of: 2...2, at: endpoint(alive.path)) == [nil])
        #expect(!isAnswered)
    }

    @Test func `kills of one turn go over one connection`() throws {
        // It serves no second one.
        let server = try ScriptedServer(Array(repeating: ScriptedServer.ok(1), count: 5))
        #expect(outcomes(of: 1...5, at: endpoint(server.path)) == [nil, nil, nil, nil, nil])
    }

    @Test func `when the connection is lost amid a round, the rest is answered so at once`() throws {
        let server = try ScriptedServer([ScriptedServer.ok(1)])
        let answers = outcomes(of: 1...4, at: endpoint(server.path))
        #expect(answers[0] == nil)
        let error = try #require(answers[1])
        #expect(error.kind == .connectionLost)
        #expect(answers[2] == error && answers[3] == error)
    }

    @Test func `where nobody listens, all are told so, and the next round tries again`() throws {
        let nowhere = endpoint("/nowhere/s")
        for _ in 1...2 {
            let answers = outcomes(of: 1...3, at: nowhere)
            #expect(answers.allSatisfy { $0?.kind == .unreachable })
        }
    }
}
