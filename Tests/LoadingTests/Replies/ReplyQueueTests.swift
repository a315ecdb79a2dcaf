import Loading
import Relations
import TestSupport
import Testing
import Time
import Wire

/// What a client leaves unread is bounded, and what it is owed comes whole.
@Suite struct ReplyQueueTests {
    private static let books = Books(authors: 1...3, titleLength: 100)
    /// The bytes of a reply to a load of one author's books.
    private static let line = books.reply(1, 1).utf8.count + 1

    private func engine(isSliced: Bool, maxUnreadBytes: Int) -> EngineUnderTest {
        let rows = Self.books.rows
        return isSliced
            ? .inSlices(replies: .init(minHeldBytes: 1), rows: rows) { $0.maxUnreadBytes = maxUnreadBytes }
            : EngineUnderTest(rows: rows) { $0.maxUnreadBytes = maxUnreadBytes }
    }

    @Test(arguments: [false, true])
    func `replies that just fit into what a client may leave unread are written`(isSliced: Bool) throws {
        let engine = engine(isSliced: isSliced, maxUnreadBytes: 2 * Self.line)
        let client = engine.client()
        for author in 1...2 { client.load(Int64(author), author: author) }
        try engine.settle()
        // A reply in slices waits for the one before it.
        client.queue.resume()
        try engine.settle()
        #expect(client.queue.unreadBytes == 2 * Self.line)
        #expect(client.readAll() == [Self.books.reply(1, 1), Self.books.reply(2, 2)])
    }

    @Test(arguments: [false, true])
    func `a reply one byte beyond what a client may leave unread is refused`(isSliced: Bool) throws {
        let engine = engine(isSliced: isSliced, maxUnreadBytes: 2 * Self.line - 1)
        let client = engine.client()
        for author in 1...2 { client.load(Int64(author), author: author) }
        try engine.settle()
        // A reply in slices waits for the one before it.
        client.queue.resume()
        try engine.settle()
        #expect(client.queue.isEmpty == false && client.queue.owed.isEmpty)
        let lines = client.readAll()
        #expect(lines.count == 2 && lines[0] == Self.books.reply(1, 1))
        #expect(lines[1].isError(.overloaded) && lines[1].contains("limits.client_output_bytes"))
        #expect(lines[1].hasPrefix("{\"id\":2,"))
        #expect(engine.context.counters.replies == 2)
        #expect(engine.context.counters.errors == [.overloaded: 1])
        #expect(engine.context.memory.bytes == 0)
    }

    @Test(arguments: [false, true])
    func `a client that has read everything gets a reply of any length`(isSliced: Bool) throws {
        let engine = engine(isSliced: isSliced, maxUnreadBytes: 1)
        let client = engine.client()
        for author in 1...3 {
            client.load(Int64(author), author: author)
            try engine.settle()
            #expect(client.readAll() == [Self.books.reply(Int64(author), author)])
        }
    }

    @Test(arguments: [false, true])
    func `a reply may have exactly limits.reply_bytes, and no byte more`(isSliced: Bool) throws {
        // The last brace and the line's end are not counted.
        for (room, fits) in [(Self.line - 2, true), (Self.line - 3, false)] {
            let engine = engine(isSliced: isSliced, maxUnreadBytes: 1 << 20)
            engine.context.limits.maxReplyBytes = room
            let client = engine.client()
            client.load(1, author: 1)
            try engine.settle()
            let lines = client.readAll()
            #expect(lines.count == 1)
            #expect(fits ? lines == [Self.books.reply(1, 1)] : lines[0].isError(.resultTooLarge))
            #expect(engine.context.memory.bytes == 0)
        }
    }

    @Test func `the client is called for each reply, and for nothing else`() throws {
        let engine = engine(isSliced: false, maxUnreadBytes: 1 << 20)
        let client = engine.client()
        client.load(1, author: 1)
        engine.turn()
        #expect(client.calls == 0)
        try engine.settle()
        #expect(client.calls == 1)
        client.queue.reply { ReplyEncoder.pong(nil, into: &$0) }
        #expect(client.calls == 2)
        client.queue.reply(Failure(.badJSON, "no"), to: nil)
        #expect(client.calls == 3)
        #expect(engine.context.counters.replies == 3)
        #expect(engine.context.counters.errors == [.badJSON: 1])
    }

    @Test func `after its end a queue adds nothing, and owes nothing for what still comes`() throws {
        let engine = engine(isSliced: false, maxUnreadBytes: 1 << 20)
        let client = engine.client()
        client.load(1, author: 1)
        client.queue.end()
        client.queue.reply { ReplyEncoder.pong(nil, into: &$0) }
        client.queue.reply(Failure(.badJSON, "no"), to: nil)
        try engine.settle()
        #expect(client.calls == 0)
        #expect(client.queue.isEmpty)
        #expect(engine.context.counters.replies == 0)
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `a queue with something owed or unread is not empty`() throws {
        let engine = engine(isSliced: false, maxUnreadBytes: 1 << 20)
        let client = engine.client()
        #expect(client.queue.isEmpty)
        client.load(1, author: 1)
        #expect(!client.queue.isEmpty && !client.queue.hasOutput)
        try engine.settle()
        #expect(!client.queue.isEmpty && client.queue.hasOutput)
        _ = client.readAll()
        #expect(client.queue.isEmpty && !client.queue.hasOutput)
    }

    @Test func `memory of sent replies is given back but for what may idle`() throws {
        let engine = engine(isSliced: false, maxUnreadBytes: 1 << 20)
        let client = engine.client()
        client.load(1, author: 1)
        try engine.settle()
        client.queue.send { $0.count }
        client.queue.sendingEnds(idleCapacity: 1 << 20)
        #expect(client.queue.keptBytes >= Self.line)
        #expect(engine.context.memory.bytes == client.queue.keptBytes)
        client.queue.sendingEnds(idleCapacity: 0)
        #expect(client.queue.keptBytes == 0)
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `a client with as many loads in progress as may be is busy until one ends`() throws {
        let engine = engine(isSliced: false, maxUnreadBytes: 1 << 30)
        let client = engine.client()
        for id in 1..<ReplyQueue.maxInProgress { client.load(Int64(id), author: 1) }
        #expect(!client.queue.isBusy)
        client.load(Int64(ReplyQueue.maxInProgress), author: 1)
        #expect(client.queue.isBusy)
        #expect(client.cancel(1))
        #expect(!client.queue.isBusy)
    }

    /// Each of many that waited for the same rows gets a copy of its own.
    @Test(arguments: [false, true])
    func `replies for which there is no memory are refused, and all memory comes back`(isSliced: Bool) throws
    {
        let books = Books(authors: 1...1, titleLength: 50_000)
        let change = { (limits: inout EngineLimits) in limits.maxResultBytes = 400_000 }
        let engine =
            isSliced
            ? EngineUnderTest.inSlices(rows: books.rows, change: change)
            : EngineUnderTest(rows: books.rows, change: change)
        let clients = (0..<20).map { _ in engine.client() }
        for client in clients { client.load(1, author: 1) }
        try engine.settle()
        #expect(engine.context.memory.bytes < 600_000)
        let lines = clients.flatMap { $0.readAll() }
        let refused = lines.filter { $0.isError(.overloaded) && $0.contains("limits.result_bytes") }
        #expect(lines.count { $0 == books.reply(1, 1) } + refused.count == 20)
        #expect((5...18).contains(refused.count), "\(refused.count)")
        #expect(engine.context.memory.hasLackedRoom)
        #expect(engine.context.memory.bytes == 0)
    }
}
