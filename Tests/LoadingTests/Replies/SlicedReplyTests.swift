import Batching
import Loading
import Relations
import TestSupport
import Testing
import Time
import Wire

/// A reply that takes long to write is written in slices, between which everybody else has a turn.
@Suite struct SlicedReplyTests {
    private static let books = Books(authors: 1...60, titleLength: 10)

    private func engine(minTaskRows: Int = 0) -> EngineUnderTest {
        let tasks = TaskQueue.Limits(
            budget: .zero, minTaskRows: minTaskRows, maxRowsAtOnce: 0, rowsInSlice: 1)
        return EngineUnderTest(tasks: tasks, rows: Self.books.rows)
    }

    /// The reply to a load of the books of so many authors, each of which is one step of its writing.
    private func reply(_ id: Int64, authors: Int) -> String {
        let lists = (1...authors).map { "[\(Self.books.text(of: $0))]" }
        return "{\"id\":\(id),\"results\":[\(lists.joined(separator: ","))]}"
    }

    /// The answers to the client's load of all authors have come, and its reply has been begun.
    private func begin(_ client: ClientUnderTest, in engine: EngineUnderTest) throws {
        client.load(1, authors: Array(1...60))
        try engine.answer()
        while client.queue.owed.first?.phase == .waiting { engine.turn() }
        for _ in 0..<5 { engine.turn() }
        try #require(client.queue.owed.map(\.phase) == [.writing])
    }

    @Test func `no byte of a reply can be read before it is whole`() throws {
        let engine = engine()
        let client = engine.client()
        try begin(client, in: engine)
        var turns = 0
        while client.queue.owed.first?.phase == .writing {
            #expect(!client.queue.hasOutput && client.calls == 0)
            engine.turn()
            turns += 1
        }
        #expect(turns > 0)
        #expect(client.readAll() == [reply(1, authors: 60)])
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `what is known at once overtakes a reply that is being written, and stands whole before it`()
        throws
    {
        let engine = engine()
        let client = engine.client()
        try begin(client, in: engine)
        client.queue.reply { ReplyEncoder.pong(RequestID(7), into: &$0) }
        engine.turn()
        client.queue.reply(Failure(.badJSON, "no"), to: RequestID(8))
        try engine.settle()
        let lines = client.readAll()
        #expect(lines.count == 3)
        #expect(lines[0] == "{\"id\":7,\"pong\":true}")
        #expect(lines[1].hasPrefix("{\"id\":8,\"error\":") && lines[1].isError(.badJSON))
        #expect(lines[2] == reply(1, authors: 60))
    }

    @Test func `a load of few rows overtakes a reply that is being written`() throws {
        let engine = engine(minTaskRows: 1)
        let client = engine.client()
        try begin(client, in: engine)
        client.load(2, author: 2)
        try engine.answer()
        while client.queue.owed.count > 1 { engine.turn() }
        #expect(client.readAll() == [Self.books.reply(2, 2)])
        try engine.settle()
        #expect(client.readAll() == [reply(1, authors: 60)])
    }

    @Test func `two long replies are never written at once, and the first to be whole comes first`() throws {
        let engine = engine()
        let client = engine.client()
        try begin(client, in: engine)
        client.load(2, authors: [1])
        client.load(4, authors: Array(1...20))
        try engine.answer()
        var phases: Set<PendingLoad.Phase> = []
        while client.queue.owed.contains(where: { $0.phase != .held }) {
            engine.turn()
            #expect(client.queue.owed.count { $0.phase == .writing } <= 1)
            for load in client.queue.owed { phases.insert(load.phase) }
        }
        #expect(phases.contains(.held))
        #expect(client.readLine() == reply(1, authors: 60))
        try engine.settle()
        #expect(client.readLine() == reply(2, authors: 1))
        try engine.settle()
        #expect(client.readLine() == reply(4, authors: 20))
        #expect(client.queue.isEmpty)
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `a load that is cancelled while its reply is written gets an error instead`() throws {
        let engine = engine()
        let client = engine.client()
        try begin(client, in: engine)
        #expect(client.cancel(1))
        try engine.settle()
        let lines = client.readAll()
        #expect(lines.count == 1 && lines[0].isError(.cancelled))
        #expect(engine.context.memory.bytes == 0)
        // The next long reply need not wait for it.
        client.load(4, authors: Array(1...20))
        try engine.settle()
        #expect(client.readAll() == [reply(4, authors: 20)])
    }

    @Test func `the client is called when a cancelled reply leaves its place to the next one`() throws {
        let engine = engine()
        let client = engine.client()
        try begin(client, in: engine)
        client.load(2, authors: [1])
        while client.queue.owed.last?.phase != .held { try engine.answer() }
        #expect(client.cancel(1))
        #expect(client.readAll().count == 1)
        let calls = client.calls
        try engine.settle()
        #expect(client.calls > calls)
        client.queue.resume()
        try engine.settle()
        #expect(client.readAll() == [reply(2, authors: 1)])
    }

    @Test func `a client that hangs up while its reply is written is called no more, and memory comes back`()
        throws
    {
        let engine = engine()
        let client = engine.client()
        try begin(client, in: engine)
        #expect(engine.context.memory.bytes > 0)
        client.hangUp()
        try engine.settle()
        #expect(client.calls == 0)
        #expect(engine.context.counters.replies == 0)
        #expect(engine.context.loads.count == 0)
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `memory for a whole reply is counted from its first slice on`() throws {
        let books = Books(authors: 1...50, titleLength: 1000)
        let engine = EngineUnderTest.inSlices(rows: books.rows)
        let client = engine.client()
        client.load(1, authors: Array(1...50))
        try engine.answer()
        while client.queue.owed.first?.phase != .writing { engine.turn() }
        let before = engine.context.memory.bytes
        engine.turn()
        #expect(engine.context.memory.bytes >= before + 50_000)
        let reserved = engine.context.memory.bytes
        for _ in 0..<10 { engine.turn() }
        #expect(client.queue.owed.first?.phase == .writing && engine.context.memory.bytes == reserved)
        try engine.settle()
        #expect(client.readAll().count == 1 && engine.context.memory.bytes == 0)
    }

    // MARK: The same bytes

    private func keys(_ relation: SimulatedRelationship, _ random: inout SeededGenerator) -> [String?] {
        (0..<random.number(1...6)).map { _ in
            if random.chance(0.1) { return nil }
            return relation.isText ? "owner\(random.number(1...9))" : "\(random.number(1...25))"
        }
    }

    /// What the client reads from an engine with these limits.
    private func line(
        _ generated: GeneratedLoad, _ keys: [String?], isList: Bool, _ tables: SimulatedTables,
        _ limits: TaskQueue.Limits, seed: UInt64
    ) throws -> String {
        var random = SeededGenerator(seed: seed)
        let engine = EngineUnderTest(tasks: limits, rows: { $0.rows(in: tables, &random) })
        let inputs = keys.map { key -> KeyInput in
            guard let key else { return .scalar(.null) }
            return .scalar(generated.relation.isText ? .string(Array(key.utf8)) : .integer(Int64(key) ?? 0))
        }
        let client = engine.client()
        client.send(
            1, generated.relation.name, isList ? .many(inputs) : .one(inputs[0]), generated.options)
        try engine.settle()
        let lines = client.readAll()
        #expect(engine.context.memory.bytes == 0 && engine.context.loads.count == 0)
        return lines.joined(separator: "\n") + "\n"
    }

    private func expectSameBytes(longestText: Int, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let tables = SimulatedTables(longestText: longestText, poison: 0, &random)
        let generated = GeneratedLoad(SimulatedRelationship.all[random.number(0...5)], depth: 2, &random)
        let isList = random.chance(0.7)
        let keys = keys(generated.relation, &random)
        let expected = ExpectedReply(
            generated, keys: isList ? keys : [keys[0]], isList: isList, id: 1, tables: tables)
        let slices = TaskQueue.Limits(
            budget: .zero, minTaskRows: 0, maxRowsAtOnce: random.number(0...3),
            rowsInSlice: random.number(1...5))
        let whole = TaskQueue.Limits(
            budget: .seconds(1), minTaskRows: 1 << 40, maxRowsAtOnce: 1 << 40, rowsInSlice: 1 << 40)
        for limits in [whole, slices] {
            let line = try line(generated, keys, isList: isList, tables, limits, seed: seed)
            #expect(
                line == expected.reply,
                "seed \(seed), \(limits): \(line.prefix(2000)), not \(expected.reply.prefix(2000))")
        }
    }

    @Test(arguments: UInt64(0)..<150)
    func `a reply written in slices equals the one written at once`(seed: UInt64) throws {
        try expectSameBytes(longestText: 30, seed: seed)
    }

    /// Rows of more bytes than are copied in one step.
    @Test(arguments: UInt64(0)..<6)
    func `a reply of huge rows written in slices equals the one written at once`(seed: UInt64) throws {
        try expectSameBytes(longestText: 60_000, seed: seed)
    }

    @Test(arguments: [1, 2, 3, 5])
    func `many bytes of one key are copied in several steps, none lost`(rows: Int) throws {
        let titles = (0..<rows).map { String(repeating: "abcdefghij\($0)", count: 30_000) }
        let books = Books([1: titles, 2: ["last"]])
        for engine in [EngineUnderTest(rows: books.rows), .inSlices(rows: books.rows)] {
            let client = engine.client()
            client.load(1, author: 1)
            client.load(2, authors: [1, 2, 1])
            try engine.settle()
            var lines: [String] = []
            while let line = client.readLine() {
                lines.append(line)
                try engine.settle()
            }
            let (first, last) = (books.text(of: 1), books.text(of: 2))
            #expect(
                lines.sorted() == [
                    books.reply(1, 1), "{\"id\":2,\"results\":[[\(first)],[\(last)],[\(first)]]}",
                ])
        }
    }
}
