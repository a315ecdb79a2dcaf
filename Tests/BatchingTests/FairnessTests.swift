import Batching
import Relations
import Testing

@Suite struct FairnessTests {
    private let start = Instant(nanoseconds: 0)

    /// One query in flight at a time, so that order is all that matters.
    private func crowded(_ batchKey: BatchKey, keys: Int64) -> Desk {
        var desk = Desk(maxInFlight: 1)
        desk.ask(1, (0..<keys).map { key($0) }, of: batchKey, client: 1, at: start)
        return desk
    }

    @Test func `a single key does not wait behind another client's hundred thousand`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 100, window: 1_000_000)
        var desk = crowded(batchKey, keys: 100_000)
        for step in 1...5 as ClosedRange<Int64> {
            let running = try desk.take(at: start + step)
            desk.ask(UInt64(step) + 1, -step, of: batchKey, client: 2, at: start + step)
            desk.finish(running, at: start + step)
            let next = try desk.take(at: start + step)
            #expect(next.keys.contains(key(-step)), "it goes with the very next batch")
            desk.finish(next, at: start + step)
        }
    }

    @Test func `nor does it where the keys are of another relationship`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 100, window: 1_000_000)
        let other = BatchKey(number: 2, maxKeys: 100, window: 1_000_000)
        var desk = crowded(batchKey, keys: 100_000)
        for _ in 1...5 {
            let running = try desk.take(at: start)
            desk.finish(running, at: start)
        }
        let running = try desk.take(at: start)
        desk.ask(2, -1, of: other, client: 2, at: start + 1)
        desk.finish(running, at: start + 2)
        #expect(try desk.take(at: start + 2).keys == [key(-1)])
    }

    @Test func `a relationship that is never without waiting keys does not keep another waiting`() throws {
        let busy = BatchKey(number: 1, maxKeys: 2, window: 1_000_000)
        let other = BatchKey(number: 2, maxKeys: 2, window: 1_000_000)
        var desk = Desk(maxInFlight: 1)
        var submission: UInt64 = 0
        for step in 1...10 as ClosedRange<Int64> {
            // Three new keys for each two that go, every one of a client that has not asked before.
            for _ in 1...3 {
                submission += 1
                desk.ask(submission, Int64(submission), of: busy, client: Int(submission), at: start + step)
            }
            let batch = try desk.take(at: start + step)
            desk.finish(batch, at: start + step)
        }
        desk.ask(submission + 1, -1, of: other, client: 0, at: start + 11)
        var before: [Key] = []
        while let batch = desk.batcher.take(at: start + 12), batch.batchKey == busy {
            before += batch.keys
            submission += 2
            desk.ask(submission, Int64(submission), of: busy, client: Int(submission), at: start + 12)
            desk.finish(batch, at: start + 12)
        }
        #expect(before.count == 10, "those that came before, and no others")
    }

    /// Two queries of a second each are under way, as they are known to take; no more than two may be at first.
    private func slowDesk(_ slow: BatchKey, until now: Instant) throws -> Desk {
        var desk = Desk(maxInFlight: 8)
        desk.ask(1, 1, of: slow, at: start)
        let first = try desk.take(at: start)
        desk.finish(first, at: start + 1_000_000_000)
        for submission in 2...3 as ClosedRange<UInt64> {
            desk.ask(submission, Int64(submission), of: slow, at: now)
            // The second does not wait for the first: it is full.
            _ = try desk.take(at: now)
        }
        return desk
    }

    @Test(arguments: [1, 60]) func `a quick query does not wait for slow ones`(seconds: Int64) throws {
        let slow = BatchKey(number: 1, maxKeys: 1, window: 1_000_000)
        let quick = BatchKey(number: 2, maxKeys: 100, window: 1_000_000)
        let now = start + 1_000_000_000 + seconds * 1_000_000_000
        var desk = try slowDesk(slow, until: now)
        desk.ask(9, 9, of: quick, at: now + 1_000_000)
        desk.expectNothing(at: now + 1_000_000)
        let next = desk.batcher.nextWake(after: now + 1_000_000)
        let wake = try #require(next)
        #expect(wake - now <= 50_000_000)
        #expect(try desk.take(at: wake).batchKey == quick)
    }

    @Test func `a relationship whose table is locked leaves a connection to the others`() throws {
        let locked = (1...4).map { BatchKey(number: $0, maxKeys: 9, window: 0, relationship: 1) }
        let quick = BatchKey(number: 5, maxKeys: 9, window: 0, relationship: 2)
        var desk = Desk(maxInFlight: 4)
        var now = start
        var stuck: [Batch] = []
        for batchKey in locked[..<3] {
            now = now + 60_000_000
            desk.ask(UInt64(batchKey.number), 1, of: batchKey, at: now)
            stuck.append(try desk.take(at: now))
        }
        now = now + 60_000_000
        desk.ask(4, 1, of: locked[3], at: now)
        desk.batcher.retry(stuck[0])
        desk.expectNothing(at: now)
        desk.ask(5, 1, of: quick, at: now)
        let other = try desk.take(at: now)
        #expect(other.batchKey == quick)
        desk.finish(other, at: now)
        desk.expectNothing(at: now)
        desk.finish(stuck[0], at: now)
        #expect([stuck[0].batchKey, locked[3]].contains(try desk.take(at: now).batchKey))
    }

    @Test func `after a pause two relationships go at once, however long ago a query was alone`() throws {
        let one = BatchKey(number: 1, maxKeys: 100, window: 1_000_000)
        let other = BatchKey(number: 2, maxKeys: 100, window: 1_000_000)
        var desk = Desk(maxInFlight: 8)
        let now = start + 3_600_000_000_000
        desk.ask(1, 1, of: one, at: now)
        desk.ask(2, 2, of: other, at: now)
        _ = try desk.take(at: now)
        _ = try desk.take(at: now)
    }

    @Test func `keys that are asked again take turns with those that have not been asked yet`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 4, window: 0)
        let other = BatchKey(number: 2, maxKeys: 4, window: 0)
        var desk = Desk(maxInFlight: 1)
        desk.ask(1, (1...4).map { key($0) }, of: batchKey, at: start)
        let batch = try desk.take(at: start)
        desk.batcher.retryInHalves(batch)
        desk.finish(batch, at: start + 1)
        desk.ask(2, 9, of: other, client: 2, at: start + 2)
        var batchKeys: [Int] = []
        for _ in 1...3 {
            let batch = try desk.take(at: start + 3)
            batchKeys.append(batch.batchKey.number)
            desk.finish(batch, at: start + 4)
        }
        #expect(batchKeys.firstIndex(of: 2) ?? 9 <= 1, "\(batchKeys)")
    }

    @Test func `two clients with much to ask share each batch`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 256, window: 1_000_000)
        var desk = crowded(batchKey, keys: 10_000)
        desk.ask(2, (0..<10_000).map { key(-1 - $0) }, of: batchKey, client: 2, at: start)
        for _ in 1...8 {
            let batch = try desk.take(at: start)
            #expect(batch.keys.count { $0.isNegative } == 128)
            desk.finish(batch, at: start)
        }
    }

    @Test func `a client of weight three has three times as many keys in each batch as another`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 256, window: 1_000_000)
        var desk = crowded(batchKey, keys: 10_000)
        desk.weigh(client: 2, 3)
        desk.ask(2, (0..<10_000).map { key(-1 - $0) }, of: batchKey, client: 2, at: start)
        for _ in 1...8 {
            let batch = try desk.take(at: start)
            #expect(batch.keys.count { $0.isNegative } == 192)
            desk.finish(batch, at: start)
        }
    }

    @Test func `who asks for a key that waits far behind moves it forward`() throws {
        let batchKey = BatchKey(number: 1, maxKeys: 100, window: 1_000_000)
        var desk = crowded(batchKey, keys: 100_000)
        desk.ask(2, 99_999, of: batchKey, client: 2, at: start)
        let batch = try desk.take(at: start)
        let place = try #require(batch.keys.firstIndex(of: key(99_999)))
        #expect(batch.submissions(of: place) == [1, 2])
        var seen = Set(batch.keys)
        desk.finish(batch, at: start)
        while let batch = desk.batcher.take(at: start) {
            #expect(seen.isDisjoint(with: batch.keys), "a key was sent twice")
            seen.formUnion(batch.keys)
            desk.finish(batch, at: start)
        }
        #expect(seen.count == 100_000)
    }
}

extension Key {
    fileprivate var isNegative: Bool {
        if case .single(.integer(let value)) = self { value < 0 } else { false }
    }
}
