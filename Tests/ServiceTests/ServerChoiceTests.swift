import MariaDB
import TestSupport
import Testing

@testable import Service

struct ServerChoiceTests {
    private static let second: Int64 = 1_000_000_000
    private static let silence = DatabaseError(errno: 2002, message: "gone", kind: .unreachable)
    private static let full = DatabaseError(errno: 1040, message: "too many", kind: .refused)

    /// Of a server that lets in and refuses what is asked.
    private static let notReady = DatabaseError(errno: 1047, message: "not ready", kind: .statement)
    private static let denied = DatabaseError(errno: 1142, message: "denied", kind: .statement)

    /// Looks at a server several times, and answers which one is used after each.
    private func look(
        _ choice: inout ServerChoice, at server: Int, _ findings: [ServerChoice.Finding],
        isConnected: Bool = false, at time: Int64 = 1000 * second
    ) -> [Int] {
        findings.map { finding in
            choice.found(finding, of: server, isConnected: isConnected, at: time)
            return choice.active
        }
    }

    @Test func `the first is used until it fails, then the next`() {
        var choice = ServerChoice(count: 3)
        #expect(look(&choice, at: 1, [.well]) == [0], "nothing speaks against the first")
        choice.failed(Self.silence, at: 0)
        #expect(choice.active == 1)
        choice.failed(Self.silence, at: 0)
        #expect(choice.active == 2, "one that nobody has looked at is better than one that has failed")
        choice.failed(Self.silence, at: 0)
        #expect(choice.active == 2 && !choice.isActiveWell, "there is no other")
    }

    @Test func `a look that failed late does not speak against who has answered since it began`() {
        var choice = ServerChoice(count: 2)
        _ = look(&choice, at: 0, [.well])
        _ = look(&choice, at: 1, [.well])
        for _ in 1...5 {
            choice.found(
                .unwell(Self.silence), of: 0, isConnected: true, hasAnswered: true, at: 1000 * Self.second)
        }
        #expect(choice.active == 0)
        #expect(look(&choice, at: 0, [.unwell(Self.silence), .unwell(Self.silence)]) == [0, 1])
    }

    @Test func `the first of all that are well is used again when no other is`() {
        var choice = ServerChoice(count: 2)
        choice.failed(Self.silence, at: 0)
        choice.failed(Self.silence, at: 0)
        #expect(look(&choice, at: 0, [.well]) == [0])
    }

    @Test func `a server that serves is given up for what is heard of it twice`() {
        var choice = ServerChoice(count: 2)
        #expect(look(&choice, at: 1, [.well]) == [0])
        let silence = ServerChoice.Finding.unwell(Self.silence)
        #expect(look(&choice, at: 0, [silence, .well, silence, silence], isConnected: true) == [0, 0, 0, 1])
    }

    @Test func `a server that serves and lets nobody else in is not given up`() {
        var choice = ServerChoice(count: 2)
        #expect(look(&choice, at: 1, [.well]) == [0])
        let full = ServerChoice.Finding.unwell(Self.full)
        #expect(look(&choice, at: 0, [full, full, full], isConnected: true) == [0, 0, 0])
        #expect(look(&choice, at: 0, [full, full], isConnected: false) == [0, 1])
    }

    @Test func `a server that is about to be left, and still serves, is not found dead by one look`() {
        var choice = ServerChoice(count: 2)
        choice.failed(Self.silence, at: 1000 * Self.second)
        choice.connected(to: 1)
        #expect(look(&choice, at: 0, [.well, .well]) == [1, 0])
        let silence = ServerChoice.Finding.unwell(Self.silence)
        _ = look(&choice, at: 1, [silence], isConnected: true)
        #expect(choice.health(of: 1) == .well)
        _ = look(&choice, at: 1, [silence], isConnected: true)
        #expect(choice.health(of: 1) == .unwell(Self.silence))
    }

    @Test func `a preferred server is gone back to when it has been well twice`() {
        var choice = ServerChoice(count: 2)
        choice.failed(Self.silence, at: 1000 * Self.second)
        choice.connected(to: 1)
        #expect(look(&choice, at: 0, [.well, .unwell(Self.silence), .well, .well]) == [1, 1, 1, 0])
    }

    @Test func `a server that falls again and again is trusted ever later, and not for ever`() {
        var choice = ServerChoice(count: 2)
        choice.connected(to: 1)
        var needed: [Int] = []
        for round in 0..<8 {
            let time = 1000 * Self.second + Int64(round) * Self.second
            choice.failed(Self.silence, at: time)
            #expect(choice.active == 1)
            let way = look(&choice, at: 0, Array(repeating: .well, count: 200), at: time)
            needed.append((way.firstIndex(of: 0) ?? 0) + 1)
        }
        #expect(needed == [2, 4, 8, 16, 32, 64, 64, 64])
        choice.failed(Self.silence, at: 2000 * Self.second)
        #expect(look(&choice, at: 0, [.well, .well], at: 2000 * Self.second) == [1, 0], "it stood for long")
    }

    @Test func `one that lags is used only if no other is well`() {
        var choice = ServerChoice(count: 2)
        let lag = ServerChoice.Finding.lagging("9 s")
        #expect(
            look(&choice, at: 0, [lag, lag, lag], isConnected: true) == [0, 0, 0], "the other is not known")
        #expect(look(&choice, at: 1, [.well]) == [1])
        choice.failed(Self.silence, at: 0)
        #expect(choice.active == 0, "better late than never")
    }

    @Test
    func `a server that refuses everything is left at once, and a connection is no proof to the contrary`() {
        var choice = ServerChoice(count: 2)
        _ = look(&choice, at: 0, [.well])
        _ = look(&choice, at: 1, [.well])
        choice.refused(Self.notReady, by: 0, at: 1000 * Self.second)
        #expect(choice.active == 1 && choice.isRefusing(0))
        choice.connected(to: 0)
        #expect(choice.isRefusing(0))
        #expect(look(&choice, at: 0, [.well, .unwell(Self.notReady), .well, .well]) == [1, 1, 1, 0])
    }

    @Test func `one look that is refused everything is enough, unless it has served since`() {
        var choice = ServerChoice(count: 2)
        _ = look(&choice, at: 0, [.well])
        _ = look(&choice, at: 1, [.well])
        choice.found(.unwell(Self.notReady), of: 0, isConnected: true, hasAnswered: true, at: 0)
        #expect(choice.active == 0)
        #expect(look(&choice, at: 0, [.unwell(Self.denied)], isConnected: true) == [0], "only some tables")
        #expect(look(&choice, at: 0, [.well, .unwell(Self.notReady)], isConnected: true) == [0, 1])
    }

    @Test
    func `where all refuse everything nothing is changed for nothing, and the first that reads is used`() {
        var choice = ServerChoice(count: 2)
        _ = look(&choice, at: 0, [.well])
        _ = look(&choice, at: 1, [.well])
        choice.refused(Self.notReady, by: 0, at: 0)
        choice.refused(Self.notReady, by: 1, at: 0)
        #expect(
            choice.active == 1 && choice.isActiveWell, "that it refuses the same may be the query's fault")
        let refusal = ServerChoice.Finding.unwell(Self.notReady)
        for _ in 1...5 {
            #expect(look(&choice, at: 0, [refusal]) == [1])
            #expect(look(&choice, at: 1, [refusal], isConnected: true) == [1])
        }
        #expect(!choice.isActiveWell)
        choice.read(from: 1)
        #expect(choice.isActiveWell && choice.active == 1)
        #expect(look(&choice, at: 0, [.well, .well, .well, .well]).last == 0)
    }

    @Test func `a query that one server refuses and another answers sends all to that other one`() {
        var choice = ServerChoice(count: 2)
        _ = look(&choice, at: 0, [.well])
        _ = look(&choice, at: 1, [.well])
        choice.doubt("a.b", of: 0)
        choice.tried(["a.b": false], at: 0, at: 0)
        #expect(choice.active == 0, "nobody knows whether the other one answers it")
        choice.tried(["a.b": true], at: 1, at: 0)
        #expect(choice.active == 1 && choice.lacks(0) == ["a.b"])
        let isAnswered = [true, false, true, true, true, true]
        let way = isAnswered.map { answers in
            choice.tried(["a.b": answers], at: 0, at: 0)
            return choice.active
        }
        #expect(way == [1, 1, 1, 1, 1, 0], "four times in a row, as it fell as soon as it was chosen")
    }

    @Test func `a query that every server refuses, or that each refuses another of, changes nothing`() {
        var choice = ServerChoice(count: 2)
        _ = look(&choice, at: 0, [.well])
        _ = look(&choice, at: 1, [.well])
        for _ in 1...3 {
            for server in 0...1 { choice.tried(["view": false], at: server, at: 0) }
            #expect(choice.active == 0)
        }
        for _ in 1...3 {
            choice.tried(["a": false, "b": true], at: 0, at: 0)
            choice.tried(["a": true, "b": false], at: 1, at: 0)
        }
        #expect(choice.active == 0)
        choice.tried(["b": true], at: 1, at: 0)
        choice.tried(["b": true], at: 1, at: 0)
        #expect(choice.active == 1, "it has come to answer all that the first one refuses")
    }

    @Test(arguments: 0..<50) func `queries that some servers refuse make no endless changes`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 2...4, using: &random)
        var choice = ServerChoice(count: count)
        for server in 0..<count { choice.found(.well, of: server, isConnected: false, at: 0) }
        let queries = ["a", "b", "c"]
        let answers = (0..<count).map { _ in
            Dictionary(uniqueKeysWithValues: queries.map { ($0, Bool.random(using: &random)) })
        }
        var changes = 0
        for _ in 0..<200 {
            let before = choice.active
            let server = Int.random(in: 0..<count, using: &random)
            choice.tried(answers[server], at: server, at: 0)
            if choice.active != before { changes += 1 }
        }
        #expect(changes <= count * queries.count, "seed \(seed)")
        func refused(_ server: Int) -> Set<String> { Set(queries.filter { answers[server][$0] == false }) }
        let used = refused(choice.active)
        for server in 0..<count {
            let isBetter = refused(server).isStrictSubset(of: used)
            #expect(!isBetter, "seed \(seed): \(answers), used: \(choice.active)")
        }
    }

    @Test(arguments: 0..<50) func `the best that is known is used in the end`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...4, using: &random)
        var choice = ServerChoice(count: count)
        let findings: [ServerChoice.Finding] = [.well, .lagging("9 s"), .unwell(Self.silence)]
        for step in 0..<100 {
            let time = Int64(step) * Self.second
            let server = Int.random(in: 0..<count, using: &random)
            if Int.random(in: 0..<4, using: &random) == 0 { choice.failed(Self.silence, at: time) }
            let finding = findings.randomElement(using: &random) ?? .well
            choice.found(finding, of: server, isConnected: Bool.random(using: &random), at: time)
            #expect((0..<count).contains(choice.active))
        }
        // From now on all is quiet, and each is as it is.
        let truth = (0..<count).map { _ in findings.randomElement(using: &random) ?? .well }
        for step in 100..<300 {
            for server in 0..<count {
                choice.found(truth[server], of: server, isConnected: false, at: Int64(step) * Self.second)
            }
        }
        let best = truth.firstIndex(of: .well) ?? truth.firstIndex { $0 == .lagging("9 s") } ?? choice.active
        let isFair = truth[choice.active] == truth[best] && (truth[best] != .well || choice.active == best)
        #expect(isFair, "seed \(seed): \(truth), used: \(choice.active)")
    }
}
