import Batching
import Relations
import Testing
import Time

private let window = TimeSpan.milliseconds(1)
private let start = Instant.zero
private let books = BatchKey(number: 1, maxKeys: 3, window: window)
private let wide = BatchKey(number: 3, maxKeys: 1000, window: window)
private let tags = BatchKey(number: 2, maxKeys: 3, window: window)

@Suite struct BatcherTests {
    @Test func `keys go at once where no query of their batch key is in flight`() throws {
        var harness = BatcherHarness()
        harness.ask(1, 1, of: books, at: start)
        let batch = try harness.take(at: start)
        #expect(batch.keys == [key(1)])
        #expect(batch.reason == .idle)
        harness.expectNothing(at: start)
    }

    @Test func `keys go when the query in flight ends`() throws {
        var busy = try busyHarness()
        busy.harness.ask(10, 2, of: wide, at: busy.now)
        busy.harness.expectNothing(at: busy.now)
        busy.harness.finish(busy.batch, at: busy.now + .nanoseconds(1))
        #expect(try busy.harness.take(at: busy.now + .nanoseconds(1)).keys == [key(2)])
    }

    @Test func `while a query is in flight, keys gather for half of such a query's time`() throws {
        var (harness, _, now) = try busyHarness()
        harness.ask(10, 101, of: wide, at: now)
        harness.ask(11, 102, of: wide, at: now + .nanoseconds(10))
        harness.expectNothing(at: now + .nanoseconds(20))
        let wake = try #require(wake(&harness, after: now + .nanoseconds(20)))
        #expect((now + busyTime / 4...now + busyTime).contains(wake))
        harness.expectNothing(at: wake - .nanoseconds(1))
        let batch = try harness.take(at: wake)
        #expect(batch.keys == [key(101), key(102)])
        #expect(batch.reason == .gathered)
    }

    @Test func `keys wait for the window at most, however long queries take`() throws {
        var (harness, _, now) = try busyHarness(time: 100 * window)
        harness.ask(10, 101, of: wide, at: now)
        #expect(wake(&harness, after: now) == now + window)
    }

    @Test func `where no other key is likely to come, keys do not wait`() throws {
        var harness = BatcherHarness()
        var now = start
        for value in 1...5 as ClosedRange<Int64> {
            harness.ask(UInt64(value), value, of: books, at: now)
            harness.finish(try harness.take(at: now), at: now + .microseconds(100))
            now += .seconds(1)
        }
        harness.ask(6, 6, of: books, at: now)
        _ = try harness.take(at: now)
        harness.ask(7, 7, of: books, at: now)
        #expect(try harness.take(at: now).reason == .gathered)
    }

    @Test func `a full batch goes at once, and keys beyond it wait`() throws {
        var (harness, _, now) = try busyHarness()
        harness.ask(2000, (0...1000).map { key($0) }, of: wide, at: now)
        let batch = try harness.take(at: now)
        #expect(batch.keys.count == 1000)
        #expect(batch.reason == .full)
        harness.expectNothing(at: now)
        #expect(harness.batcher.queuedKeys == 1)
    }

    @Test func `keys go early enough to be answered before a deadline`() throws {
        var (harness, _, now) = try busyHarness(time: 8 * window)
        harness.ask(10, [key(101)], of: wide, deadline: now + 9 * window + window / 2, at: now)
        let wake = try #require(wake(&harness, after: now))
        #expect(wake < now + window, "the query takes eight windows and the way back one")
        let batch = try harness.take(at: wake)
        #expect(batch.reason == .deadline)
    }

    @Test func `in frugal mode keys wait for their window even if nothing is in flight`() throws {
        var harness = BatcherHarness(isFrugal: true)
        var now = start
        for value in 1...20 as ClosedRange<Int64> {
            harness.ask(UInt64(value), value, of: tags, at: now)
            if let wake = wake(&harness, after: now) { now = wake }
            if let batch = harness.batcher.nextBatch(at: now) {
                harness.finish(batch, at: now + .microseconds(1))
            }
            now += .microseconds(1)
        }
        harness.ask(50, 50, of: tags, at: now)
        harness.expectNothing(at: now)
        #expect(wake(&harness, after: now) == now + window)
        #expect(try harness.take(at: now + window).reason == .gathered)
    }

    @Test func `the same key of two clients is sent once and answers both`() throws {
        var harness = BatcherHarness()
        harness.ask(1, 7, of: books, at: start)
        harness.ask(2, 7, of: books, client: 2, at: start)
        let batch = try harness.take(at: start)
        #expect(batch.keys == [key(7)])
        #expect(batch.submissions(of: 0) == [1, 2])
    }

    @Test func `a request never joins a query that was sent`() throws {
        var harness = BatcherHarness()
        harness.ask(1, 7, of: books, at: start)
        let first = try harness.take(at: start)
        harness.ask(2, 7, of: books, at: start)
        harness.finish(first, at: start)
        #expect(try harness.take(at: start).submissions(of: 0) == [2])
    }

    @Test func `keys of different batch keys never mix, and do not wait for one another`() throws {
        var harness = BatcherHarness()
        harness.ask(1, 1, of: books, at: start)
        harness.ask(2, 1, of: tags, at: start + .nanoseconds(1))
        let first = try harness.take(at: start + .nanoseconds(1))
        let second = try harness.take(at: start + .nanoseconds(1))
        #expect([first.batchKey, second.batchKey] == [books, tags])
    }

    @Test func `a higher priority goes first, and ten milliseconds of waiting outweigh a step of it`() throws
    {
        let urgent = BatchKey(number: 4, maxKeys: 3, window: window, priority: 1)
        var harness = BatcherHarness()
        harness.ask(1, 1, of: books, at: start)
        harness.ask(2, 1, of: urgent, at: start + .nanoseconds(9_999_999))
        #expect(try harness.take(at: start + .nanoseconds(9_999_999)).batchKey == urgent)
        harness = BatcherHarness()
        harness.ask(1, 1, of: books, at: start)
        harness.ask(2, 1, of: urgent, at: start + .nanoseconds(10_000_001))
        #expect(try harness.take(at: start + .nanoseconds(10_000_001)).batchKey == books)
    }

    @Test func `a withdrawn key is not sent, unless somebody else wants it`() throws {
        var harness = BatcherHarness()
        harness.ask(1, [key(1), key(2)], of: books, at: start)
        harness.ask(2, 2, of: books, at: start)
        harness.batcher.withdraw(SubmissionID(1), keys: [key(1), key(2)], of: books)
        #expect(harness.batcher.queuedKeys == 1)
        let batch = try harness.take(at: start)
        #expect(batch.keys == [key(2)])
        #expect(batch.submissions(of: 0).contains(2))
    }

    @Test func `withdrawing what was already sent leaves those who ask again alone`() throws {
        var harness = BatcherHarness()
        harness.ask(1, 1, of: books, at: start)
        let first = try harness.take(at: start)
        harness.ask(2, [key(1), key(1)], of: books, at: start)
        harness.ask(3, 1, of: books, at: start)
        harness.batcher.withdraw(SubmissionID(1), keys: [key(1)], of: books)
        harness.batcher.withdraw(SubmissionID(2), keys: [key(1), key(1)], of: books)
        harness.finish(first, at: start)
        #expect(try harness.take(at: start).submissions(of: 0).contains(3))
        harness.ask(4, 1, of: books, at: start)
        harness.batcher.withdraw(SubmissionID(4), keys: [key(1)], of: books)
        #expect(harness.batcher.queuedKeys == 0)
    }

    @Test func `a failed batch is asked again in halves, at once`() throws {
        var harness = BatcherHarness()
        harness.ask(1, [key(1), key(2), key(3)], of: books, at: start)
        let batch = try harness.take(at: start)
        harness.finish(batch, at: start)
        harness.batcher.retryInHalves(batch)
        let first = try harness.take(at: start)
        let second = try harness.take(at: start)
        #expect(first.keys == [key(1)] && second.keys == [key(2), key(3)])
        #expect(first.priorAttempts == 1 && second.priorAttempts == 1)
        #expect(second.waiters(of: 1).map(\.position) == [2])
    }

    @Test func `a huge key is asked alone, and after the others`() throws {
        var harness = BatcherHarness()
        harness.ask(1, [key(1), key(2), key(3)], of: books, at: start)
        let batch = try harness.take(at: start)
        harness.finish(batch, at: start)
        harness.batcher.retry(batch, alone: [1])
        #expect(try harness.take(at: start).keys == [key(1), key(3)])
        #expect(try harness.take(at: start).keys == [key(2)])
    }

    @Test func `a lost batch can be asked again as it is, and counts its attempts`() throws {
        var harness = BatcherHarness()
        harness.ask(1, [key(1), key(2)], of: books, at: start)
        let batch = try harness.take(at: start)
        harness.batcher.retry(batch)
        harness.finish(batch, at: start)
        #expect(harness.batcher.isInUse(books))
        let again = try harness.take(at: start)
        #expect(again.keys == batch.keys && again.allWaiters == batch.allWaiters && again.priorAttempts == 1)
    }

    @Test func `the bytes of keys bound a batch, but one key always goes`() throws {
        var harness = BatcherHarness(maxKeyBytes: 100)
        let long = Key.single(.text(Array(repeating: UInt8(ascii: "x"), count: 200)))
        harness.ask(1, [long, key(2)], of: books, at: start)
        #expect(try harness.take(at: start).keys == [long])
    }

    @Test func `everything that waits can be taken at once`() throws {
        var harness = BatcherHarness()
        harness.ask(1, (1...7).map { key($0) }, of: books, at: start)
        harness.ask(9, 1, of: tags, at: start)
        var all: [Batch] = []
        while let batch = harness.batcher.removeWaitingBatch() { all.append(batch) }
        #expect(all.flatMap(\.keys).count == 8)
        #expect(harness.batcher.queuedKeys == 0)
        harness.expectNothing(at: start)
        harness.ask(10, 1, of: tags, at: start)
        #expect(try harness.take(at: start).keys == [key(1)])
    }

    // MARK: Support

    private let busyTime = TimeSpan.microseconds(200)

    /// A batcher that has seen many keys of `wide`, whose queries took the given time, and has one of them in
    /// flight.
    private func busyHarness(time: TimeSpan = .microseconds(200)) throws -> (
        harness: BatcherHarness, batch: Batch, now: Instant
    ) {
        var harness = BatcherHarness()
        var now = start
        for round in 0..<40 as Range<Int64> {
            harness.ask(UInt64(2 * round + 1), (0..<1000).map { key($0) }, of: wide, at: now)
            harness.finish(try harness.take(at: now), at: now + time)
            now += time
        }
        harness.ask(1000, 1, of: wide, at: now)
        let batch = try harness.take(at: now)
        return (harness, batch, now)
    }

    private func wake(_ harness: inout BatcherHarness, after now: Instant) -> Instant? {
        harness.batcher.nextWake(after: now)
    }
}
