import Batching
import Relations
import Testing

private let window: Int64 = 1_000_000
private let start = Instant(nanoseconds: 0)
private let books = BatchKey(number: 1, maxKeys: 3, window: window)
private let wide = BatchKey(number: 3, maxKeys: 1000, window: window)
private let tags = BatchKey(number: 2, maxKeys: 3, window: window)

@Suite struct BatcherTests {
    @Test func `an idle batchKey goes at once`() throws {
        var desk = Desk()
        desk.ask(1, 1, of: books, at: start)
        let batch = try desk.take(at: start)
        #expect(batch.keys == [key(1)])
        #expect(batch.reason == .idle)
        desk.expectNothing(at: start)
    }

    @Test func `keys go when the query in flight ends`() throws {
        var desk = try busyDesk()
        desk.desk.ask(10, 2, of: wide, at: desk.now)
        desk.desk.expectNothing(at: desk.now)
        desk.desk.finish(desk.batch, at: desk.now + 1)
        #expect(try desk.desk.take(at: desk.now + 1).keys == [key(2)])
    }

    @Test func `while a query is in flight, keys gather for half of such a query's time`() throws {
        var (desk, _, now) = try busyDesk()
        desk.ask(10, 101, of: wide, at: now)
        desk.ask(11, 102, of: wide, at: now + 10)
        desk.expectNothing(at: now + 20)
        let wake = try #require(wake(&desk, after: now + 20))
        #expect((now + busyTime / 4...now + busyTime).contains(wake))
        desk.expectNothing(at: wake - 1)
        let batch = try desk.take(at: wake)
        #expect(batch.keys == [key(101), key(102)])
        #expect(batch.reason == .gathered)
    }

    @Test func `keys wait for the window at most, however long queries take`() throws {
        var (desk, _, now) = try busyDesk(time: 100 * window)
        desk.ask(10, 101, of: wide, at: now)
        #expect(wake(&desk, after: now) == now + window)
    }

    @Test func `where nobody else is to be expected, nothing is waited for`() throws {
        var desk = Desk()
        var now = start
        for value in 1...5 as ClosedRange<Int64> {
            desk.ask(UInt64(value), value, of: books, at: now)
            desk.finish(try desk.take(at: now), at: now + 100_000)
            now = now + 1_000_000_000
        }
        desk.ask(6, 6, of: books, at: now)
        _ = try desk.take(at: now)
        desk.ask(7, 7, of: books, at: now)
        #expect(try desk.take(at: now).reason == .gathered)
    }

    @Test func `a full batch goes at once, and what is over waits`() throws {
        var (desk, _, now) = try busyDesk()
        desk.ask(2000, (0...1000).map { key($0) }, of: wide, at: now)
        let batch = try desk.take(at: now)
        #expect(batch.keys.count == 1000)
        #expect(batch.reason == .full)
        desk.expectNothing(at: now)
        #expect(desk.batcher.queuedKeys == 1)
    }

    @Test func `a deadline that presses is not waited out`() throws {
        var (desk, _, now) = try busyDesk(time: 8 * window)
        desk.ask(10, [key(101)], of: wide, deadline: now + 9 * window + window / 2, at: now)
        let wake = try #require(wake(&desk, after: now))
        #expect(wake < now + window, "the query takes eight windows and the way back one")
        let batch = try desk.take(at: wake)
        #expect(batch.reason == .deadline)
    }

    @Test func `in frugal mode keys wait for their window even if nothing is in flight`() throws {
        var desk = Desk(isFrugal: true)
        var now = start
        for value in 1...20 as ClosedRange<Int64> {
            desk.ask(UInt64(value), value, of: tags, at: now)
            if let wake = wake(&desk, after: now) { now = wake }
            if let batch = desk.batcher.take(at: now) { desk.finish(batch, at: now + 1000) }
            now = now + 1000
        }
        desk.ask(50, 50, of: tags, at: now)
        desk.expectNothing(at: now)
        #expect(wake(&desk, after: now) == now + window)
        #expect(try desk.take(at: now + window).reason == .gathered)
    }

    @Test func `the same key of two clients is sent once and answers both`() throws {
        var desk = Desk()
        desk.ask(1, 7, of: books, at: start)
        desk.ask(2, 7, of: books, client: 2, at: start)
        let batch = try desk.take(at: start)
        #expect(batch.keys == [key(7)])
        #expect(batch.submissions(of: 0) == [1, 2])
    }

    @Test func `a request never joins a query that was sent`() throws {
        var desk = Desk()
        desk.ask(1, 7, of: books, at: start)
        let first = try desk.take(at: start)
        desk.ask(2, 7, of: books, at: start)
        desk.finish(first, at: start)
        #expect(try desk.take(at: start).submissions(of: 0) == [2])
    }

    @Test func `different batchKeys never mix, and do not wait for one another`() throws {
        var desk = Desk()
        desk.ask(1, 1, of: books, at: start)
        desk.ask(2, 1, of: tags, at: start + 1)
        let first = try desk.take(at: start + 1)
        let second = try desk.take(at: start + 1)
        #expect([first.batchKey, second.batchKey] == [books, tags])
    }

    @Test func `a higher priority goes first, and ten milliseconds of waiting outweigh a step of it`() throws
    {
        let urgent = BatchKey(number: 4, maxKeys: 3, window: window, priority: 1)
        var desk = Desk()
        desk.ask(1, 1, of: books, at: start)
        desk.ask(2, 1, of: urgent, at: start + 9_999_999)
        #expect(try desk.take(at: start + 9_999_999).batchKey == urgent)
        desk = Desk()
        desk.ask(1, 1, of: books, at: start)
        desk.ask(2, 1, of: urgent, at: start + 10_000_001)
        #expect(try desk.take(at: start + 10_000_001).batchKey == books)
    }

    @Test func `a withdrawn key is not sent, unless somebody else wants it`() throws {
        var desk = Desk()
        desk.ask(1, [key(1), key(2)], of: books, at: start)
        desk.ask(2, 2, of: books, at: start)
        desk.batcher.withdraw(SubmissionID(1), keys: [key(1), key(2)], of: books)
        #expect(desk.batcher.queuedKeys == 1)
        let batch = try desk.take(at: start)
        #expect(batch.keys == [key(2)])
        #expect(batch.submissions(of: 0).contains(2))
    }

    @Test func `withdrawing what was already sent leaves those who ask again alone`() throws {
        var desk = Desk()
        desk.ask(1, 1, of: books, at: start)
        let first = try desk.take(at: start)
        desk.ask(2, [key(1), key(1)], of: books, at: start)
        desk.ask(3, 1, of: books, at: start)
        desk.batcher.withdraw(SubmissionID(1), keys: [key(1)], of: books)
        desk.batcher.withdraw(SubmissionID(2), keys: [key(1), key(1)], of: books)
        desk.finish(first, at: start)
        #expect(try desk.take(at: start).submissions(of: 0).contains(3))
        desk.ask(4, 1, of: books, at: start)
        desk.batcher.withdraw(SubmissionID(4), keys: [key(1)], of: books)
        #expect(desk.batcher.queuedKeys == 0)
    }

    @Test func `a failed batch is asked again in halves, at once`() throws {
        var desk = Desk()
        desk.ask(1, [key(1), key(2), key(3)], of: books, at: start)
        let batch = try desk.take(at: start)
        desk.finish(batch, at: start)
        desk.batcher.retryInHalves(batch)
        let first = try desk.take(at: start)
        let second = try desk.take(at: start)
        #expect(first.keys == [key(1)] && second.keys == [key(2), key(3)])
        #expect(first.attempts == 1 && second.attempts == 1)
        #expect(second.waiters(of: 1).map(\.position) == [2])
    }

    @Test func `a huge key is asked alone, and after the others`() throws {
        var desk = Desk()
        desk.ask(1, [key(1), key(2), key(3)], of: books, at: start)
        let batch = try desk.take(at: start)
        desk.finish(batch, at: start)
        desk.batcher.retry(batch, alone: [1])
        #expect(try desk.take(at: start).keys == [key(1), key(3)])
        #expect(try desk.take(at: start).keys == [key(2)])
    }

    @Test func `a lost batch can be asked again as it is, and counts its attempts`() throws {
        var desk = Desk()
        desk.ask(1, [key(1), key(2)], of: books, at: start)
        let batch = try desk.take(at: start)
        desk.batcher.retry(batch)
        desk.finish(batch, at: start)
        #expect(desk.batcher.isInUse(books))
        let again = try desk.take(at: start)
        #expect(again.keys == batch.keys && again.allWaiters == batch.allWaiters && again.attempts == 1)
    }

    @Test func `the bytes of keys bound a batch, but one key always goes`() throws {
        var desk = Desk(maxKeyBytes: 100)
        let long = Key.single(.text(Array(repeating: UInt8(ascii: "x"), count: 200)))
        desk.ask(1, [long, key(2)], of: books, at: start)
        #expect(try desk.take(at: start).keys == [long])
    }

    @Test func `everything that waits can be taken at once`() throws {
        var desk = Desk()
        desk.ask(1, (1...7).map { key($0) }, of: books, at: start)
        desk.ask(9, 1, of: tags, at: start)
        var all: [Batch] = []
        while let batch = desk.batcher.takeAny() { all.append(batch) }
        #expect(all.flatMap(\.keys).count == 8)
        #expect(desk.batcher.queuedKeys == 0)
        desk.expectNothing(at: start)
        desk.ask(10, 1, of: tags, at: start)
        #expect(try desk.take(at: start).keys == [key(1)])
    }

    // MARK: Support

    private let busyTime: Int64 = 200_000

    /// A desk that has seen many keys of `wide` and queries of that time, with one in flight.
    private func busyDesk(time: Int64 = 200_000) throws -> (desk: Desk, batch: Batch, now: Instant) {
        var desk = Desk()
        var now = start
        for round in 0..<40 as Range<Int64> {
            desk.ask(UInt64(2 * round + 1), (0..<1000).map { key($0) }, of: wide, at: now)
            desk.finish(try desk.take(at: now), at: now + time)
            now = now + time
        }
        desk.ask(1000, 1, of: wide, at: now)
        let batch = try desk.take(at: now)
        return (desk, batch, now)
    }

    private func wake(_ desk: inout Desk, after now: Instant) -> Instant? {
        desk.batcher.nextWake(after: now)
    }
}
