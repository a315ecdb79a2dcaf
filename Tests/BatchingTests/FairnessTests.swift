import Batching
import Relations
import Testing
import Time

@Suite struct FairnessTests {
    private let start = Instant.zero

    /// A batcher with one query in flight at a time, so that order is all that matters, for which many keys
    /// wait.
    private func crowded(_ batchKey: BatchKey, keys: Int64) -> BatcherHarness {
        var harness = BatcherHarness(maxInFlight: 1)
        harness.ask(1, (0..<keys).map { key($0) }, of: batchKey, client: 1, at: start)
        return harness
    }

    @Test func `a single key does not wait behind another client's hundred thousand`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 100, window: .milliseconds(1))
        var harness = crowded(batchKey, keys: 100_000)
        for step in 1...5 as ClosedRange<Int64> {
            let running = try harness.take(at: start + .nanoseconds(step))
            harness.ask(UInt64(step) + 1, -step, of: batchKey, client: 2, at: start + .nanoseconds(step))
            harness.finish(running, at: start + .nanoseconds(step))
            let next = try harness.take(at: start + .nanoseconds(step))
            #expect(next.keys.contains(key(-step)), "it goes with the very next batch")
            harness.finish(next, at: start + .nanoseconds(step))
        }
    }

    @Test func `a single key of another relationship does not wait behind a hundred thousand either`() throws
    {
        let batchKey = BatchKey(number: 1, maxKeys: 100, window: .milliseconds(1))
        let other = BatchKey(number: 2, maxKeys: 100, window: .milliseconds(1))
        var harness = crowded(batchKey, keys: 100_000)
        for _ in 1...5 {
            let running = try harness.take(at: start)
            harness.finish(running, at: start)
        }
        let running = try harness.take(at: start)
        harness.ask(2, -1, of: other, client: 2, at: start + .nanoseconds(1))
        harness.finish(running, at: start + .nanoseconds(2))
        #expect(try harness.take(at: start + .nanoseconds(2)).keys == [key(-1)])
    }

    @Test func `a relationship that is never without waiting keys does not keep another waiting`() throws {
        let busy = BatchKey(number: 1, maxKeys: 2, window: .milliseconds(1))
        let other = BatchKey(number: 2, maxKeys: 2, window: .milliseconds(1))
        var harness = BatcherHarness(maxInFlight: 1)
        var submission: UInt64 = 0
        for step in 1...10 as ClosedRange<Int64> {
            // Three new keys for each two that go, every one of a client that has not asked before.
            for _ in 1...3 {
                submission += 1
                harness.ask(
                    submission, Int64(submission), of: busy, client: Int(submission),
                    at: start + .nanoseconds(step))
            }
            let batch = try harness.take(at: start + .nanoseconds(step))
            harness.finish(batch, at: start + .nanoseconds(step))
        }
        harness.ask(submission + 1, -1, of: other, client: 0, at: start + .nanoseconds(11))
        var before: [Key] = []
        while let batch = harness.batcher.nextBatch(at: start + .nanoseconds(12)), batch.batchKey == busy {
            before += batch.keys
            submission += 2
            harness.ask(
                submission, Int64(submission), of: busy, client: Int(submission), at: start + .nanoseconds(12)
            )
            harness.finish(batch, at: start + .nanoseconds(12))
        }
        #expect(before.count == 10, "those that came before, and no others")
    }

    /// A batcher with two queries of a second each in flight, which are known to take that long; the limit is
    /// two at first.
    private func slowHarness(_ slow: BatchKey, until now: Instant) throws -> BatcherHarness {
        var harness = BatcherHarness(maxInFlight: 8)
        harness.ask(1, 1, of: slow, at: start)
        let first = try harness.take(at: start)
        harness.finish(first, at: start + .seconds(1))
        for submission in 2...3 as ClosedRange<UInt64> {
            harness.ask(submission, Int64(submission), of: slow, at: now)
            // The second does not wait for the first: it is full.
            _ = try harness.take(at: now)
        }
        return harness
    }

    @Test(arguments: [1, 60]) func `a quick query does not wait for slow ones`(seconds: Int) throws {
        let slow = BatchKey(number: 1, maxKeys: 1, window: .milliseconds(1))
        let quick = BatchKey(number: 2, maxKeys: 100, window: .milliseconds(1))
        let now = start + .seconds(1 + seconds)
        var harness = try slowHarness(slow, until: now)
        harness.ask(9, 9, of: quick, at: now + .milliseconds(1))
        harness.expectNothing(at: now + .milliseconds(1))
        let next = harness.batcher.nextWake(after: now + .milliseconds(1))
        let wake = try #require(next)
        #expect(wake - now <= .milliseconds(50))
        #expect(try harness.take(at: wake).batchKey == quick)
    }

    @Test func `a relationship whose table is locked leaves a connection to the others`() throws {
        let locked = (1...4).map { BatchKey(number: $0, maxKeys: 9, window: .zero, relationshipNumber: 1) }
        let quick = BatchKey(number: 5, maxKeys: 9, window: .zero, relationshipNumber: 2)
        var harness = BatcherHarness(maxInFlight: 4)
        var now = start
        var stuck: [Batch] = []
        for batchKey in locked[..<3] {
            now += .milliseconds(60)
            harness.ask(UInt64(batchKey.number), 1, of: batchKey, at: now)
            stuck.append(try harness.take(at: now))
        }
        now += .milliseconds(60)
        harness.ask(4, 1, of: locked[3], at: now)
        harness.batcher.retry(stuck[0])
        harness.expectNothing(at: now)
        harness.ask(5, 1, of: quick, at: now)
        let other = try harness.take(at: now)
        #expect(other.batchKey == quick)
        harness.finish(other, at: now)
        harness.expectNothing(at: now)
        harness.finish(stuck[0], at: now)
        #expect([stuck[0].batchKey, locked[3]].contains(try harness.take(at: now).batchKey))
    }

    @Test func `after a pause two relationships go at once, however long ago a query was alone`() throws {
        let one = BatchKey(number: 1, maxKeys: 100, window: .milliseconds(1))
        let other = BatchKey(number: 2, maxKeys: 100, window: .milliseconds(1))
        var harness = BatcherHarness(maxInFlight: 8)
        let now = start + .seconds(3600)
        harness.ask(1, 1, of: one, at: now)
        harness.ask(2, 2, of: other, at: now)
        _ = try harness.take(at: now)
        _ = try harness.take(at: now)
    }

    @Test func `keys that are asked again take turns with those that have not been asked yet`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 4, window: .zero)
        let other = BatchKey(number: 2, maxKeys: 4, window: .zero)
        var harness = BatcherHarness(maxInFlight: 1)
        harness.ask(1, (1...4).map { key($0) }, of: batchKey, at: start)
        let batch = try harness.take(at: start)
        harness.batcher.retryInHalves(batch)
        harness.finish(batch, at: start + .nanoseconds(1))
        harness.ask(2, 9, of: other, client: 2, at: start + .nanoseconds(2))
        var batchKeys: [Int] = []
        for _ in 1...3 {
            let batch = try harness.take(at: start + .nanoseconds(3))
            batchKeys.append(batch.batchKey.number)
            harness.finish(batch, at: start + .nanoseconds(4))
        }
        #expect(batchKeys.firstIndex(of: 2) ?? 9 <= 1, "\(batchKeys)")
    }

    @Test func `two clients with much to ask share each batch`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 256, window: .milliseconds(1))
        var harness = crowded(batchKey, keys: 10_000)
        harness.ask(2, (0..<10_000).map { key(-1 - $0) }, of: batchKey, client: 2, at: start)
        for _ in 1...8 {
            let batch = try harness.take(at: start)
            #expect(batch.keys.count { $0.isNegative } == 128)
            harness.finish(batch, at: start)
        }
    }

    @Test func `a client of weight three has three times as many keys in each batch as another`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 256, window: .milliseconds(1))
        var harness = crowded(batchKey, keys: 10_000)
        harness.setWeight(3, ofClient: 2)
        harness.ask(2, (0..<10_000).map { key(-1 - $0) }, of: batchKey, client: 2, at: start)
        for _ in 1...8 {
            let batch = try harness.take(at: start)
            #expect(batch.keys.count { $0.isNegative } == 192)
            harness.finish(batch, at: start)
        }
    }

    @Test func `a client that asks for a key of another client far behind moves it forward`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 100, window: .milliseconds(1))
        var harness = crowded(batchKey, keys: 100_000)
        harness.ask(2, 99_999, of: batchKey, client: 2, at: start)
        let batch = try harness.take(at: start)
        let index = try #require(batch.keys.firstIndex(of: key(99_999)))
        #expect(batch.submissions(of: index) == [1, 2])
        var seen = Set(batch.keys)
        harness.finish(batch, at: start)
        while let batch = harness.batcher.nextBatch(at: start) {
            #expect(seen.isDisjoint(with: batch.keys), "a key was sent twice")
            seen.formUnion(batch.keys)
            harness.finish(batch, at: start)
        }
        #expect(seen.count == 100_000)
    }
}

extension Key {
    fileprivate var isNegative: Bool {
        if case .single(.integer(let value)) = self { value < 0 } else { false }
    }
}
