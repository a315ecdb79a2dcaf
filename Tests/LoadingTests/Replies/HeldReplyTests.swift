import Loading
import Relations
import TestSupport
import Testing
import Time
import Wire

/// Long replies to a client that does not read wait as rows, which cost less than their text.
@Suite struct HeldReplyTests {
    private static let books = Books(authors: 1...4, titleLength: 100)
    /// The bytes of a reply to a load of one author's books.
    private static let line = books.reply(1, 1).utf8.count + 1
    /// The bytes of its rows.
    private static let rows = books.text(of: 1).utf8.count

    /// An engine in which every reply behind another one waits, unless something else is said.
    private func engine(
        highWater: Int = 1, minLongReply: Int = 1, minHeldBytes: Int = 1, maxUnreadBytes: Int = 1 << 30,
        change: (inout EngineLimits) -> Void = { _ in }
    ) -> EngineUnderTest {
        let replies = ReplyQueue.Limits(
            highWater: highWater, minLongReply: minLongReply, minHeldBytes: minHeldBytes)
        return EngineUnderTest(replies: replies, rows: Self.books.rows) { limits in
            limits.maxUnreadBytes = maxUnreadBytes
            change(&limits)
        }
    }

    /// A client that was owed this many replies, all of whose rows have come.
    private func client(_ engine: EngineUnderTest, loads: Int) throws -> ClientUnderTest {
        let client = engine.client()
        for author in 1...loads { client.load(Int64(author), author: author) }
        try engine.settle()
        return client
    }

    @Test func `a client that reads gets held replies one by one and in order`() throws {
        let client = try client(engine(), loads: 4)
        for author in 1...4 {
            #expect(client.queue.outputBytes == Self.line)
            #expect(client.queue.owed.count == 4 - author)
            #expect(client.queue.unreadBytes == Self.line + (4 - author) * Self.rows)
            #expect(client.readLine() == Self.books.reply(Int64(author), author))
        }
        #expect(client.queue.isEmpty)
    }

    @Test func `long replies are held from the high water on, not before`() throws {
        let below = try client(engine(highWater: Self.line + 1), loads: 2)
        #expect(below.queue.outputBytes == 2 * Self.line)
        let above = try client(engine(highWater: Self.line), loads: 2)
        #expect(above.queue.outputBytes == Self.line)
    }

    @Test func `beyond the high water short replies are written, long ones held`() throws {
        let short = try client(engine(minLongReply: Self.rows + 1), loads: 2)
        #expect(short.queue.outputBytes == 2 * Self.line)
        let long = try client(engine(minLongReply: Self.rows), loads: 2)
        #expect(long.queue.outputBytes == Self.line)
    }

    @Test func `a short reply beyond what a client may leave unread is refused`() throws {
        let exact = Self.line + Self.rows
        let client = try client(engine(minLongReply: 1 << 20, maxUnreadBytes: exact - 1), loads: 2)
        #expect(client.queue.owed.isEmpty)
        let lines = client.readAll()
        #expect(lines.count == 2 && lines[1].isError(.overloaded))
    }

    @Test func `held rows count as unread, and what is held beyond the bound is refused`() throws {
        let exact = try client(engine(maxUnreadBytes: Self.line + Self.rows), loads: 2)
        #expect(exact.queue.unreadBytes == Self.line + Self.rows)
        #expect(exact.readAll() == [Self.books.reply(1, 1), Self.books.reply(2, 2)])
        let beyond = try client(engine(maxUnreadBytes: Self.line + Self.rows - 1), loads: 2)
        #expect(beyond.queue.owed.isEmpty)
        #expect(beyond.readAll().count { $0.isError(.overloaded) } == 1)
    }

    @Test func `a held load counts at least minHeldBytes`() throws {
        let exact = try client(engine(minHeldBytes: 10_000, maxUnreadBytes: Self.line + 10_000), loads: 2)
        #expect(exact.queue.unreadBytes == Self.line + 10_000)
        #expect(exact.queue.keptBytes >= exact.queue.unreadBytes)
        #expect(exact.readAll() == [Self.books.reply(1, 1), Self.books.reply(2, 2)])
        #expect(exact.queue.unreadBytes == 0)
        let beyond = try client(
            engine(minHeldBytes: 10_000, maxUnreadBytes: Self.line + 9_999), loads: 2)
        #expect(beyond.queue.owed.isEmpty)
        #expect(beyond.readAll().count { $0.isError(.overloaded) } == 1)
    }

    @Test func `keys of a held load leave the quota, the load itself stays`() throws {
        let engine = engine { $0.maxClientKeys = 2 }
        let client = try client(engine, loads: 2)
        #expect(client.account.keysOnTheirWay == 0)
        #expect(engine.context.loads.keyCount == 0)
        #expect(engine.context.loads.count == 1)
        #expect(client.queue.owed.map(\.phase) == [.held])
        client.load(3, authors: [3, 4])
        #expect(client.account.keysOnTheirWay == 2)
        try engine.settle()
        #expect(client.readAll().count == 3)
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `held loads do not keep the client from sending more`() throws {
        let engine = engine()
        let client = engine.client()
        for id in 0...ReplyQueue.maxInProgress { client.load(Int64(id), author: 1) }
        #expect(client.queue.isBusy)
        try engine.settle()
        #expect(client.queue.owed.count == ReplyQueue.maxInProgress)
        #expect(!client.queue.isBusy)
    }

    @Test func `a held load that is cancelled leaves its bytes to others, whose order stays`() throws {
        let engine = engine()
        let client = try client(engine, loads: 4)
        #expect(client.cancel(3))
        #expect(!client.cancel(3))
        #expect(client.queue.unreadBytes == client.queue.outputBytes + 2 * Self.rows)
        let lines = client.readAll()
        #expect(lines.count == 4 && lines[1].isError(.cancelled))
        #expect(lines.filter { !$0.contains("error") } == [1, 2, 4].map { Self.books.reply(Int64($0), $0) })
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `a held load outlives the daemon's patience, not its own`() throws {
        let engine = engine { $0.requestTimeout = .milliseconds(50) }
        let client = engine.client()
        client.load(1, author: 1)
        client.load(2, author: 2)
        client.load(3, author: 3, timeoutMilliseconds: 50)
        client.load(4, author: 4, timeoutMilliseconds: 49)
        try engine.settle()
        #expect(client.queue.owed.count == 3)
        engine.clock.advance(by: .milliseconds(100))
        engine.turn()
        // A timeout that is no shorter than the daemon's patience counts as the client's own.
        #expect(client.queue.owed.count == 1)
        let errors = client.readAll().filter { $0.isError(.timeout) }
        #expect(errors.count == 2)
        #expect(errors.allSatisfy { $0.contains("the replies before this one were not read within its") })
    }

    @Test func `a client that hangs up with held loads is called no more and leaves no memory behind`() throws
    {
        let engine = engine()
        let client = try client(engine, loads: 4)
        #expect(engine.context.memory.bytes > 0)
        let calls = client.calls
        client.hangUp()
        try engine.settle()
        #expect(client.queue.unreadBytes == 0 && client.queue.keptBytes == 0 && client.queue.isEmpty)
        client.queue.reply { ReplyEncoder.pong(nil, into: &$0) }
        #expect(!client.queue.hasOutput && client.calls == calls)
        #expect(engine.context.memory.bytes == 0)
        #expect(engine.context.loads.count == 0)
        #expect(engine.context.loads.allNodes.isEmpty)
    }

    @Test func `a client that hangs up while its rows are on their way is forgotten`() throws {
        let engine = engine()
        let client = engine.client()
        for author in 1...4 { client.load(Int64(author), author: author) }
        engine.turn()
        client.hangUp()
        try engine.settle()
        #expect(client.calls == 0)
        #expect(engine.context.memory.bytes == 0)
        #expect(engine.context.loads.count == 0 && engine.context.loads.keyCount == 0)
        #expect(client.account.keysOnTheirWay == 0)
        #expect(engine.context.counters.replies == 0)
    }
}
