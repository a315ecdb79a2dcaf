import Batching
import Relations
import Testing

private let window: Int64 = 1_000_000
private let start = Instant(nanoseconds: 0)
private let books = Shape(number: 1, maxKeys: 3)
private let tags = Shape(number: 2, maxKeys: 3)

private func makeBatcher(maxKeyBytes: Int = 1 << 20) -> Batcher {
    Batcher(limits: .init(window: window, maxKeyBytes: maxKeyBytes))
}

private func asker(_ ticket: UInt64, _ position: Int = 0) -> Asker {
    Asker(ticket: TicketID(ticket), position: position)
}

private func key(_ value: Int64) -> Key { .single(.integer(value)) }

/// `#require` takes no mutating call.
private func take(_ batcher: inout Batcher, at now: Instant) throws -> Batch {
    let batch = batcher.take(at: now)
    return try #require(batch)
}

private func expectNothing(
    _ batcher: inout Batcher, at now: Instant, sourceLocation: SourceLocation = #_sourceLocation
) {
    let batch = batcher.take(at: now)
    #expect(batch == nil, sourceLocation: sourceLocation)
}

extension Batch {
    fileprivate var keys: [Key] { entries.map(\.key) }
}

@Suite struct BatcherTests {
    @Test func `an idle shape goes at once`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        #expect(try take(&batcher, at: start).keys == [key(1)])
        expectNothing(&batcher, at: start)
    }

    @Test func `keys gather while a query is in flight, and go when the window ends`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        _ = try take(&batcher, at: start)
        batcher.submit(key(2), of: books, for: asker(2), at: start + 10)
        batcher.submit(key(3), of: books, for: asker(3), at: start + 20)
        expectNothing(&batcher, at: start + 30)
        #expect(batcher.nextWake(after: start + 30) == start + 10 + window)
        #expect(try take(&batcher, at: start + 10 + window).keys == [key(2), key(3)])
    }

    @Test func `keys go when the query in flight ends before the window`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        let first = try take(&batcher, at: start)
        batcher.submit(key(2), of: books, for: asker(2), at: start)
        expectNothing(&batcher, at: start)
        batcher.finished(first)
        #expect(try take(&batcher, at: start).keys == [key(2)])
    }

    @Test func `a full batch goes at once, and what is over waits`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        _ = try take(&batcher, at: start)
        for value in 2...5 {
            batcher.submit(key(Int64(value)), of: books, for: asker(UInt64(value)), at: start)
        }
        #expect(try take(&batcher, at: start).keys == [key(2), key(3), key(4)])
        expectNothing(&batcher, at: start)
        #expect(batcher.queuedKeys == 1)
    }

    @Test func `the same key of two clients is sent once and answers both`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(7), of: books, for: asker(1), at: start)
        batcher.submit(key(7), of: books, for: asker(2), at: start)
        let batch = try take(&batcher, at: start)
        #expect(batch.keys == [key(7)])
        #expect(batch.entries[0].askers == [asker(1), asker(2)])
    }

    @Test func `a request never joins a query that was sent`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(7), of: books, for: asker(1), at: start)
        let first = try take(&batcher, at: start)
        batcher.submit(key(7), of: books, for: asker(2), at: start)
        batcher.finished(first)
        let second = try take(&batcher, at: start)
        #expect(second.entries[0].askers == [asker(2)])
    }

    @Test func `different shapes never mix, and do not wait for one another`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        batcher.submit(key(1), of: tags, for: asker(2), at: start + 1)
        let first = try take(&batcher, at: start + 1)
        let second = try take(&batcher, at: start + 1)
        #expect([first.shape, second.shape] == [books, tags])
    }

    @Test func `a withdrawn key is not sent, unless somebody else wants it`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        batcher.submit(key(2), of: books, for: asker(1, 1), at: start)
        batcher.submit(key(2), of: books, for: asker(2), at: start)
        batcher.withdraw(TicketID(1), keys: [key(1), key(2)], of: books)
        #expect(batcher.queuedKeys == 1)
        let batch = try take(&batcher, at: start)
        #expect(batch.keys == [key(2)])
        #expect(batch.entries[0].askers == [asker(2)])
    }

    @Test func `withdrawing the oldest key moves the window to the next`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        _ = try take(&batcher, at: start)
        batcher.submit(key(2), of: books, for: asker(2), at: start + 10)
        batcher.submit(key(3), of: books, for: asker(3), at: start + 500)
        batcher.withdraw(TicketID(2), keys: [key(2)], of: books)
        #expect(batcher.nextWake(after: start + 600) == start + 500 + window)
    }

    @Test func `a failed batch can be asked again key by key, at once`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        batcher.submit(key(2), of: books, for: asker(2), at: start)
        let batch = try take(&batcher, at: start)
        batcher.finished(batch)
        batcher.retryAlone(batch)
        let first = try take(&batcher, at: start)
        let second = try take(&batcher, at: start)
        #expect(first.keys == [key(1)] && second.keys == [key(2)])
        #expect(first.attempts == 1 && second.attempts == 1)
    }

    @Test func `a lost batch can be asked again as it is, and counts its attempts`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        batcher.submit(key(2), of: books, for: asker(2), at: start)
        let batch = try take(&batcher, at: start)
        batcher.retry(batch)
        batcher.finished(batch)
        #expect(batcher.isInUse(books))
        let again = try take(&batcher, at: start)
        #expect(again.entries == batch.entries && again.attempts == 1)
    }

    @Test func `the bytes of keys bound a batch, but one key always goes`() throws {
        var batcher = makeBatcher(maxKeyBytes: 100)
        let long = Key.single(.text(Array(repeating: UInt8(ascii: "x"), count: 200)))
        batcher.submit(long, of: books, for: asker(1), at: start)
        batcher.submit(key(2), of: books, for: asker(2), at: start)
        #expect(try take(&batcher, at: start).keys == [long])
    }

    @Test func `withdrawing what was already sent leaves those who ask again alone`() throws {
        var batcher = makeBatcher()
        batcher.submit(key(1), of: books, for: asker(1), at: start)
        _ = try take(&batcher, at: start)
        batcher.submit(key(1), of: books, for: asker(2), at: start)
        batcher.submit(key(1), of: books, for: asker(2, 1), at: start)
        batcher.submit(key(1), of: books, for: asker(3), at: start)
        batcher.withdraw(TicketID(1), keys: [key(1)], of: books)
        batcher.withdraw(TicketID(2), keys: [key(1), key(1)], of: books)
        let batch = try take(&batcher, at: start + window)
        #expect(batch.entries[0].askers == [asker(3)])
    }

    @Test func `everything that waits can be taken at once`() throws {
        var batcher = makeBatcher()
        for value in 1...7 {
            batcher.submit(key(Int64(value)), of: books, for: asker(UInt64(value)), at: start)
        }
        batcher.submit(key(1), of: tags, for: asker(9), at: start)
        let all = batcher.takeAll()
        #expect(all.flatMap(\.keys).count == 8)
        #expect(batcher.queuedKeys == 0)
        expectNothing(&batcher, at: start)
    }
}
