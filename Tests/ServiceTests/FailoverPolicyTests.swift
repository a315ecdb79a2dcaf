import MariaDB
import TestSupport
import Testing
import Time

@testable import Service

struct FailoverPolicyTests {
    /// So many seconds after the clock's zero.
    private static func second(_ count: Int) -> Instant { .zero + .seconds(count) }

    private static let silence = DatabaseError(errno: 2002, message: "gone", kind: .unreachable)
    private static let full = DatabaseError(errno: 1040, message: "too many", kind: .refused)

    /// What a server says that lets us in and refuses what is asked.
    private static let notReady = DatabaseError(errno: 1047, message: "not ready", kind: .statement)
    private static let denied = DatabaseError(errno: 1142, message: "denied", kind: .statement)

    /// Records several findings of a server.
    /// - Returns: which one is used after each.
    private func check(
        _ policy: inout FailoverPolicy, at server: Int, _ findings: [FailoverPolicy.Finding],
        isConnected: Bool = false, at time: Instant = second(1000)
    ) -> [Int] {
        findings.map { finding in
            policy.record(finding, of: server, isConnected: isConnected, at: time)
            return policy.active
        }
    }

    /// Servers that have all been found well, and queries that health checks try on them.
    private func wellServers(_ count: Int, suspects: [String]) -> FailoverPolicy {
        var policy = FailoverPolicy(count: count)
        for server in 0..<count { _ = check(&policy, at: server, [.well]) }
        for name in suspects { #expect(suspect(name, in: &policy)) }
        return policy
    }

    /// - Returns: whether it is tried from now on.
    private func suspect(_ name: String, in policy: inout FailoverPolicy) -> Bool {
        policy.addSuspect(.init(name: name, sql: "SELECT 1"))
    }

    @Test func `the first is used until it fails, then the next`() {
        var policy = FailoverPolicy(count: 3)
        #expect(check(&policy, at: 1, [.well]) == [0], "nothing speaks against the first")
        policy.failed(Self.silence, at: .zero)
        #expect(policy.active == 1)
        policy.failed(Self.silence, at: .zero)
        #expect(policy.active == 2, "one that has not been checked is better than one that has failed")
        policy.failed(Self.silence, at: .zero)
        #expect(policy.active == 2 && !policy.isActiveWell, "there is no other")
    }

    @Test func `a check that failed late does not speak against a server that has answered since it began`() {
        var policy = FailoverPolicy(count: 2)
        _ = check(&policy, at: 0, [.well])
        _ = check(&policy, at: 1, [.well])
        for _ in 1...5 {
            policy.record(
                .unwell(Self.silence), of: 0, isConnected: true, hasAnswered: true, at: Self.second(1000))
        }
        #expect(policy.active == 0)
        #expect(check(&policy, at: 0, [.unwell(Self.silence), .unwell(Self.silence)]) == [0, 1])
    }

    @Test func `the first of all that are well is used again when no other is`() {
        var policy = FailoverPolicy(count: 2)
        policy.failed(Self.silence, at: .zero)
        policy.failed(Self.silence, at: .zero)
        #expect(check(&policy, at: 0, [.well]) == [0])
    }

    @Test func `a server that serves is given up for what is heard of it twice`() {
        var policy = FailoverPolicy(count: 2)
        #expect(check(&policy, at: 1, [.well]) == [0])
        let silence = FailoverPolicy.Finding.unwell(Self.silence)
        #expect(
            check(&policy, at: 0, [silence, .well, silence, silence], isConnected: true) == [0, 0, 0, 1])
    }

    @Test func `a server that serves and lets nobody else in is not given up`() {
        var policy = FailoverPolicy(count: 2)
        #expect(check(&policy, at: 1, [.well]) == [0])
        let full = FailoverPolicy.Finding.unwell(Self.full)
        #expect(check(&policy, at: 0, [full, full, full], isConnected: true) == [0, 0, 0])
        #expect(check(&policy, at: 0, [full, full], isConnected: false) == [0, 1])
    }

    @Test func `a server that is about to be left, and still serves, is not found dead by one check`() {
        var policy = FailoverPolicy(count: 2)
        policy.failed(Self.silence, at: Self.second(1000))
        policy.connected(to: 1)
        #expect(check(&policy, at: 0, [.well, .well]) == [1, 0])
        let silence = FailoverPolicy.Finding.unwell(Self.silence)
        _ = check(&policy, at: 1, [silence], isConnected: true)
        #expect(policy.health(of: 1) == .well)
        _ = check(&policy, at: 1, [silence], isConnected: true)
        #expect(policy.health(of: 1) == .unwell(Self.silence))
    }

    @Test func `a preferred server is gone back to when it has been well twice`() {
        var policy = FailoverPolicy(count: 2)
        policy.failed(Self.silence, at: Self.second(1000))
        policy.connected(to: 1)
        #expect(check(&policy, at: 0, [.well, .unwell(Self.silence), .well, .well]) == [1, 1, 1, 0])
    }

    @Test func `a server that falls again and again is trusted ever later, and not for ever`() {
        var policy = FailoverPolicy(count: 2)
        policy.connected(to: 1)
        var needed: [Int] = []
        for round in 0..<8 {
            let time = Self.second(1000 + round)
            policy.failed(Self.silence, at: time)
            #expect(policy.active == 1)
            let way = check(&policy, at: 0, Array(repeating: .well, count: 200), at: time)
            needed.append((way.firstIndex(of: 0) ?? 0) + 1)
        }
        #expect(needed == [2, 4, 8, 16, 32, 64, 64, 64])
        policy.failed(Self.silence, at: Self.second(2000))
        #expect(
            check(&policy, at: 0, [.well, .well], at: Self.second(2000)) == [1, 0], "it stood for long")
    }

    @Test func `one that lags is used only if no other is well`() {
        var policy = FailoverPolicy(count: 2)
        let lag = FailoverPolicy.Finding.lagging("9 s")
        #expect(
            check(&policy, at: 0, [lag, lag, lag], isConnected: true) == [0, 0, 0], "the other is not known")
        #expect(check(&policy, at: 1, [.well]) == [1])
        policy.failed(Self.silence, at: .zero)
        #expect(policy.active == 0, "better late than never")
    }

    @Test
    func `a server that refuses everything is left at once, and a connection is no proof to the contrary`() {
        var policy = FailoverPolicy(count: 2)
        _ = check(&policy, at: 0, [.well])
        _ = check(&policy, at: 1, [.well])
        policy.refused(Self.notReady, by: 0, at: Self.second(1000))
        #expect(policy.active == 1 && policy.isRefusing(0))
        policy.connected(to: 0)
        #expect(policy.isRefusing(0))
        #expect(check(&policy, at: 0, [.well, .unwell(Self.notReady), .well, .well]) == [1, 1, 1, 0])
    }

    @Test func `one check that is refused everything is enough, unless it has served since`() {
        var policy = FailoverPolicy(count: 2)
        _ = check(&policy, at: 0, [.well])
        _ = check(&policy, at: 1, [.well])
        policy.record(.unwell(Self.notReady), of: 0, isConnected: true, hasAnswered: true, at: .zero)
        #expect(policy.active == 0)
        #expect(check(&policy, at: 0, [.unwell(Self.denied)], isConnected: true) == [0], "only some tables")
        #expect(check(&policy, at: 0, [.well, .unwell(Self.notReady)], isConnected: true) == [0, 1])
    }

    @Test
    func `where all refuse everything nothing is changed for nothing, and the first that reads is used`() {
        var policy = FailoverPolicy(count: 2)
        _ = check(&policy, at: 0, [.well])
        _ = check(&policy, at: 1, [.well])
        policy.refused(Self.notReady, by: 0, at: .zero)
        policy.refused(Self.notReady, by: 1, at: .zero)
        #expect(
            policy.active == 1 && policy.isActiveWell, "that it refuses the same may be the query's fault")
        let refusal = FailoverPolicy.Finding.unwell(Self.notReady)
        for _ in 1...5 {
            #expect(check(&policy, at: 0, [refusal]) == [1])
            #expect(check(&policy, at: 1, [refusal], isConnected: true) == [1])
        }
        #expect(!policy.isActiveWell)
        policy.completed(at: 1)
        #expect(policy.isActiveWell && policy.active == 1)
        #expect(check(&policy, at: 0, [.well, .well, .well, .well]).last == 0)
    }

    @Test func `a query that one server refuses and another answers sends all to that other one`() {
        var policy = wellServers(2, suspects: ["a.b"])
        policy.refused(suspect: "a.b", by: 0)
        policy.record(trials: ["a.b": .refused], at: 0, at: .zero)
        #expect(policy.active == 0, "nobody knows whether the other one answers it")
        policy.record(trials: ["a.b": .answered], at: 1, at: .zero)
        #expect(policy.active == 1 && policy.queriesRefusedOnly(by: 0) == ["a.b"])
        let trials: [HealthCheck.Trial] = [.answered, .refused, .answered, .answered, .answered, .answered]
        let way = trials.map { trial in
            policy.record(trials: ["a.b": trial], at: 0, at: .zero)
            return policy.active
        }
        #expect(way == [1, 1, 1, 1, 1, 0], "four times in a row, as it fell as soon as it was chosen")
    }

    @Test func `a query that every server refuses, or that each refuses another of, changes nothing`() {
        var policy = wellServers(2, suspects: ["view", "a", "b"])
        for _ in 1...3 {
            for server in 0...1 { policy.record(trials: ["view": .refused], at: server, at: .zero) }
            #expect(policy.active == 0)
        }
        for _ in 1...3 {
            policy.record(trials: ["a": .refused, "b": .answered], at: 0, at: .zero)
            policy.record(trials: ["a": .answered, "b": .refused], at: 1, at: .zero)
        }
        #expect(policy.active == 0)
        policy.record(trials: ["b": .answered], at: 1, at: .zero)
        policy.record(trials: ["b": .answered], at: 1, at: .zero)
        #expect(policy.active == 1, "it has come to answer all that the first one refuses")
    }

    @Test(arguments: 0..<50) func `queries that some servers refuse make no endless changes`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 2...4, using: &random)
        let queries = ["a", "b", "c"]
        var policy = wellServers(count, suspects: queries)
        let answers = (0..<count).map { _ in
            let trials = queries.map { query -> (String, HealthCheck.Trial) in
                (query, Bool.random(using: &random) ? .answered : .refused)
            }
            return Dictionary(uniqueKeysWithValues: trials)
        }
        var changes = 0
        for _ in 0..<200 {
            let before = policy.active
            let server = Int.random(in: 0..<count, using: &random)
            policy.record(trials: answers[server], at: server, at: .zero)
            if policy.active != before { changes += 1 }
        }
        #expect(changes <= count * queries.count, "seed \(seed)")
        func refused(_ server: Int) -> Set<String> { Set(queries.filter { answers[server][$0] == .refused }) }
        let used = refused(policy.active)
        for server in 0..<count {
            let isBetter = refused(server).isStrictSubset(of: used)
            #expect(!isBetter, "seed \(seed): \(answers), used: \(policy.active)")
        }
    }

    // MARK: Suspects

    @Test func `what a check shows of a query that is no suspect any more is ignored`() {
        var policy = wellServers(2, suspects: ["a"])
        policy.refused(suspect: "a", by: 0)
        policy.record(trials: ["a": .answered], at: 0, at: .zero)
        policy.record(trials: ["a": .answered], at: 1, at: .zero)
        #expect(!policy.isSuspect("a"), "all answer it")
        // Checks that had begun before.
        for _ in 1...2 { policy.record(trials: ["a": .refused], at: 0, at: .zero) }
        policy.record(trials: ["a": .answered], at: 1, at: .zero)
        policy.refused(suspect: "a", by: 0)
        #expect(policy.active == 0 && policy.queriesRefusedOnly(by: 0).isEmpty)
        policy.failed(Self.silence, at: Self.second(1000))
        #expect(check(&policy, at: 0, [.well, .well]) == [1, 0], "nothing is left that speaks against it")
    }

    @Test func `a server that refuses more than can be tried at one time is left for what is tried`() {
        let names = (0...SuspectQueries.maxCount).map { "r\($0)" }
        var policy = wellServers(2, suspects: [])
        // All fail in turn, again and again.
        for _ in 1...3 {
            for name in names {
                _ = suspect(name, in: &policy)
                policy.refused(suspect: name, by: 0)
            }
            for (server, trial) in [HealthCheck.Trial.refused, .answered].enumerated() {
                let trials = policy.nextSuspects(at: server).map { ($0.name, trial) }
                for name in names { _ = suspect(name, in: &policy) }
                policy.record(trials: Dictionary(uniqueKeysWithValues: trials), at: server, at: .zero)
            }
        }
        #expect(policy.active == 1)
        #expect(names.filter(policy.isSuspect) == names.dropLast(), "they tell the servers apart")
        for name in names.dropLast() { policy.record(trials: [name: .answered], at: 0, at: .zero) }
        #expect(!suspect("r4", in: &policy), "it must answer more than once")
        for _ in 1...64 { policy.record(trials: [names[0]: .answered], at: 0, at: .zero) }
        #expect(suspect("r4", in: &policy), "one has been dropped")
    }

    @Test func `what every server refuses makes room for what may tell them apart`() {
        let names = (1...SuspectQueries.maxCount).map { "view\($0)" }
        var policy = wellServers(2, suspects: names)
        for server in [0, 0, 1] {
            for name in names { policy.record(trials: [name: .refused], at: server, at: .zero) }
            #expect(!suspect("a", in: &policy), "the other may yet answer it")
        }
        for name in names { policy.record(trials: [name: .refused], at: 1, at: .zero) }
        #expect(suspect("a", in: &policy))
        #expect(names.filter(policy.isSuspect) == Array(names.dropFirst()))
        for _ in 1...2 { policy.record(trials: ["a": .refused], at: 0, at: .zero) }
        policy.record(trials: ["a": .answered], at: 1, at: .zero)
        #expect(policy.active == 1)
    }

    @Test func `a suspect of which no check shows anything is dropped, and what it says against a server`() {
        var policy = wellServers(2, suspects: ["a"])
        policy.refused(suspect: "a", by: 0)
        policy.failed(Self.silence, at: Self.second(1000))
        #expect(check(&policy, at: 0, [.well, .well]) == [1, 1], "it may refuse it")
        policy.record(trials: ["a": .answered], at: 1, at: .zero)
        let way = (1...3).map { _ in
            policy.record(trials: ["a": .unclear], at: 0, at: Self.second(1000))
            return policy.active
        }
        #expect(way == [1, 1, 0])
        #expect(!policy.isSuspect("a"))
    }

    @Test func `what a server is known to refuse is not forgotten so soon, and not remembered for ever`() {
        var policy = wellServers(2, suspects: ["a"])
        for _ in 1...2 { policy.record(trials: ["a": .refused], at: 0, at: .zero) }
        policy.record(trials: ["a": .answered], at: 1, at: .zero)
        let way = (1...100).map { _ in
            policy.record(trials: ["a": .unclear], at: 0, at: .zero)
            return policy.active
        }
        #expect(way.firstIndex(of: 0) == 63)
        #expect(!policy.isSuspect("a"))
    }

    @Test func `one that takes too long does not keep the others from their turn`() {
        let names = ["slow", "b", "c", "d"]
        var policy = wellServers(2, suspects: names)
        var tried: [Set<String>] = [[], []]
        for turn in 0..<names.count * 2 {
            // One server is checked more often than the other.
            let server = turn % 4 == 0 ? 1 : 0
            let queries = policy.nextSuspects(at: server).map(\.name)
            #expect(queries.sorted() == names.sorted())
            tried[server].formUnion(queries.prefix { $0 != "slow" } + ["slow"])
        }
        #expect(tried[0] == Set(names))
        #expect(tried[1] == Set(names), "its second check has begun with another one")
    }

    @Test(arguments: 0..<50) func `the best that is known is used in the end`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...4, using: &random)
        var policy = FailoverPolicy(count: count)
        let findings: [FailoverPolicy.Finding] = [.well, .lagging("9 s"), .unwell(Self.silence)]
        for step in 0..<100 {
            let time = Self.second(step)
            let server = Int.random(in: 0..<count, using: &random)
            if Int.random(in: 0..<4, using: &random) == 0 { policy.failed(Self.silence, at: time) }
            let finding = findings.randomElement(using: &random) ?? .well
            policy.record(finding, of: server, isConnected: Bool.random(using: &random), at: time)
            #expect((0..<count).contains(policy.active))
        }
        // From now on all is quiet, and each is as it is.
        let truth = (0..<count).map { _ in findings.randomElement(using: &random) ?? .well }
        for step in 100..<300 {
            for server in 0..<count {
                policy.record(truth[server], of: server, isConnected: false, at: Self.second(step))
            }
        }
        let best = truth.firstIndex(of: .well) ?? truth.firstIndex { $0 == .lagging("9 s") } ?? policy.active
        let isFair = truth[policy.active] == truth[best] && (truth[best] != .well || policy.active == best)
        #expect(isFair, "seed \(seed): \(truth), used: \(policy.active)")
    }
}
