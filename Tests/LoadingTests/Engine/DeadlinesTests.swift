import Batching
import TestSupport
import Testing
import Time

@testable import Loading

/// The earliest deadline that still counts comes first, whoever set it.
@Suite struct DeadlinesTests {
    private func deadline(_ node: UInt64, _ time: Int64, isSetByClient: Bool = false) -> Deadlines.Deadline {
        .init(time: Instant(nanoseconds: time), node: SubmissionID(node), isSetByClient: isSetByClient)
    }

    private func next(_ deadlines: inout Deadlines, but over: Set<UInt64> = []) -> UInt64? {
        deadlines.next { !over.contains($0.node.number) }?.node.number
    }

    @Test func `the earlier of a client's own deadline and a common one comes first`() {
        var deadlines = Deadlines()
        #expect(next(&deadlines) == nil)
        deadlines.add(deadline(1, 20))
        deadlines.add(deadline(2, 30, isSetByClient: true))
        #expect(next(&deadlines) == 1)
        deadlines.add(deadline(3, 10, isSetByClient: true))
        #expect(next(&deadlines) == 3)
        #expect(next(&deadlines, but: [3]) == 1)
        #expect(next(&deadlines, but: [1, 3]) == 2)
        #expect(next(&deadlines, but: [1, 2, 3]) == nil)
        #expect(deadlines.count == 0)
    }

    @Test func `a common deadline that was shortened by a reload comes before earlier requests' deadlines`() {
        var deadlines = Deadlines()
        deadlines.add(deadline(1, 100))
        deadlines.add(deadline(2, 50))
        deadlines.add(deadline(3, 100))
        #expect(next(&deadlines) == 2)
        #expect(next(&deadlines, but: [2]) == 1)
        #expect(next(&deadlines, but: [1, 2]) == 3)
    }

    @Test func `those that do not count any more can be dropped behind others that do`() {
        var deadlines = Deadlines()
        for node in 1...6 { deadlines.add(deadline(UInt64(node), Int64(node), isSetByClient: node > 3)) }
        deadlines.prune { $0.node.number != 2 && $0.node.number != 5 }
        #expect(deadlines.count == 4)
        #expect(next(&deadlines) == 1)
        #expect(next(&deadlines, but: [1]) == 3)
        #expect(next(&deadlines, but: [1, 3, 4]) == 6)
    }

    @Test(arguments: UInt64(0)..<100)
    func `the next deadline is the earliest of those that count`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var deadlines = Deadlines()
        var times: [UInt64: Int64] = [:]
        for node in UInt64(1)...60 {
            let time = random.time(0...1000)
            deadlines.add(deadline(node, time, isSetByClient: random.chance(0.3)))
            times[node] = time
            if random.chance(0.3), let over = times.keys.min() { times[over] = nil }
            if random.chance(0.1) { deadlines.prune { times[$0.node.number] != nil } }
            let next = deadlines.next { times[$0.node.number] != nil }
            #expect(next?.time.nanoseconds == times.values.min())
            #expect(deadlines.count >= times.count)
        }
    }
}

@Suite struct EngineDeadlinesTests {
    @Test func `deadlines of requests that were answered do not pile up`() throws {
        let engine = EngineUnderTest(change: { $0.requestTimeout = .seconds(600) })
        let client = engine.client()
        client.load(0, author: 1)
        for id in 1...5000 {
            client.load(Int64(id), author: 1)
            _ = client.cancel(Int64(id))
            _ = client.readAll()
        }
        #expect(engine.context.loads.count == 1)
        #expect(engine.engine.deadlines.count <= 1030)
    }
}

@Suite struct BatchSizesTests {
    @Test func `sizes are counted by powers of two`() {
        var sizes = BatchSizes()
        for size in [1, 2, 3, 4, 7, 8, 1000] { sizes.add(size) }
        #expect(sizes.counts[0...4] == [1, 2, 2, 1, 0])
        #expect(sizes.counts[9] == 1 && sizes.counts.reduce(0, +) == 7)
    }
}
