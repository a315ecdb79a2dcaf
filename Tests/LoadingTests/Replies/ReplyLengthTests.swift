import Loading
import Planning
import Relations
import TestSupport
import Testing
import Time
import Wire

/// How long replies and their slices may become, and what they cost while they are written.
@Suite struct ReplyLengthTests {
    private static func including(_ names: String...) -> LoadOptions {
        var options = LoadOptions()
        options.includes = names.map { IncludeInput(name: $0, options: LoadOptions()) }
        return options
    }

    /// Author 1 with a name of so many letters, and so many books.
    private static func rows(books: Int, nameLength: Int) -> (Query) -> [[String?]] {
        let name = String(repeating: "n", count: nameLength)
        return { query in
            switch query.table {
            case "books":
                (1...books).map { id in query.selected.map { $0 == .column("id") ? "\(id)" : "1" } }
            case "authors": [query.selected.map { $0 == .column("name") ? name : "1" }]
            default: []
            }
        }
    }

    @Test(arguments: [false, true])
    func `a list of results may have exactly limits.reply_bytes, and no byte more`(isSliced: Bool) throws {
        let books = Books(authors: 1...2, titleLength: 100)
        let reply = "{\"id\":1,\"results\":[[\(books.text(of: 1))],[\(books.text(of: 2))]]}"
        for (room, fits) in [(reply.utf8.count - 1, true), (reply.utf8.count - 2, false)] {
            let engine =
                isSliced ? EngineUnderTest.inSlices(rows: books.rows) : EngineUnderTest(rows: books.rows)
            engine.context.limits.maxReplyBytes = room
            let client = engine.client()
            client.load(1, authors: [1, 2])
            try engine.settle()
            let lines = client.readAll()
            #expect(fits ? lines == [reply] : lines.count == 1 && lines[0].isError(.resultTooLarge))
        }
    }

    @Test func `an include with too many rows is named in the error`() throws {
        let engine = EngineUnderTest(rows: Self.rows(books: 500, nameLength: 1)) { $0.maxReplyBytes = 5000 }
        let client = engine.client()
        client.send(1, "books.author", .one(.scalar(.integer(1))), Self.including("books"))
        try engine.settle()
        let line = client.readLine() ?? ""
        #expect(line.isError(.resultTooLarge))
        #expect(line.contains("include.books: the rows of 'authors.books'"), "\(line)")
    }

    @Test func `a reply that grows beyond what was reserved for it is refused when memory is full`() throws {
        // The author stands in the reply once for each of the books.
        let tasks = TaskQueue.Limits(budget: .zero, rowsInSlice: 2)
        let engine = EngineUnderTest(tasks: tasks, rows: Self.rows(books: 50, nameLength: 10_000)) {
            $0.maxResultBytes = 200_000
        }
        let client = engine.client()
        client.load(1, author: 1, Self.including("author"))
        var most = 0
        while client.queue.owed.count > 0 {
            try engine.answer()
            most = max(most, engine.context.memory.bytes)
        }
        #expect(client.readLine()?.isError(.overloaded) == true)
        #expect(most < 400_000, "\(most)")
        try engine.settle()
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `memory for included rows is reserved too`() throws {
        let engine = EngineUnderTest.inSlices(rows: Self.rows(books: 1, nameLength: 100_000))
        let client = engine.client()
        client.load(1, author: 1, Self.including("author"))
        while client.queue.owed.first?.phase != .writing { try engine.answer() }
        let before = engine.context.memory.bytes
        engine.turn()
        #expect(client.queue.owed.first?.phase == .writing)
        #expect(engine.context.memory.bytes >= before + 100_000)
    }

    /// The turns for which the reply to a load of these authors is being written.
    private func turns(_ books: Books, authors: [Int], rowsInSlice: Int) throws -> Int {
        let tasks = TaskQueue.Limits(
            budget: .zero, minTaskRows: 0, maxRowsAtOnce: 0, rowsInSlice: rowsInSlice)
        let engine = EngineUnderTest(tasks: tasks, rows: books.rows)
        let client = engine.client()
        client.load(1, authors: authors)
        try engine.answer()
        while client.queue.owed.first?.phase == .waiting { engine.turn() }
        var turns = 0
        while client.queue.owed.first?.phase == .writing {
            engine.turn()
            turns += 1
        }
        #expect(client.readAll().count == 1)
        return turns
    }

    @Test func `a slice is not of very many bytes, however few its rows`() throws {
        let turns = try turns(
            Books(authors: 1...10, titleLength: 100_000), authors: Array(1...10), rowsInSlice: 512)
        #expect(turns >= 3)
    }

    @Test func `very many bytes of one key are not one slice`() throws {
        let titles = Array(repeating: String(repeating: "x", count: 100_000), count: 10)
        #expect(try turns(Books([1: titles]), authors: [1], rowsInSlice: 1) >= 4)
    }

    @Test func `rows of a huge key that came apart stand together in the reply`() throws {
        let titles = (1...4).map { String(repeating: "\($0)", count: 100_000) }
        let books = Books([1: titles, 2: titles])
        for engine in [EngineUnderTest(), .inSlices()] {
            engine.rows = { query in
                let rows = books.rows(of: query)
                let half = rows.count / 2
                return query.keys.count == 1 ? rows : (0..<half).flatMap { [rows[$0], rows[half + $0]] }
            }
            let client = engine.client()
            client.load(1, authors: [1, 2])
            try engine.settle()
            #expect(
                client.readAll() == ["{\"id\":1,\"results\":[[\(books.text(of: 1))],[\(books.text(of: 2))]]}"]
            )
        }
    }

    @Test func `a reply with includes is not written at once as a whole, for its length is not known`() throws
    {
        let tasks = TaskQueue.Limits(
            budget: .zero, minTaskRows: 1000, maxRowsAtOnce: 1000, rowsInSlice: 3)
        let engine = EngineUnderTest(tasks: tasks, rows: Self.rows(books: 20, nameLength: 10))
        let client = engine.client()
        client.load(1, author: 1, Self.including("author"))
        try engine.answer()
        try engine.answer()
        #expect(client.queue.owed.map(\.phase) == [.writing])
        try engine.settle()
        #expect(client.readAll().count == 1)
    }

    @Test func `replies with includes that are written at once have their share of the turn`() throws {
        let tasks = TaskQueue.Limits(
            budget: .zero, minTaskRows: 1000, maxRowsAtOnce: 15, rowsInSlice: 100)
        let engine = EngineUnderTest(tasks: tasks, rows: Self.rows(books: 1, nameLength: 10))
        let clients = (1...10).map { _ in engine.client() }
        for client in clients { client.load(1, author: 1, Self.including("reviews")) }
        try engine.answer()
        try engine.answer()
        // Ten who waited for the answer, and five replies of one row.
        #expect(clients.count { $0.queue.hasOutput } == 5)
        try engine.settle()
        #expect(clients.count { $0.queue.hasOutput } == 10)
    }

    @Test func `what very many rows include is found in slices, and not at all once the load is over`() throws
    {
        let engine = EngineUnderTest.inSlices(rows: Self.rows(books: 30, nameLength: 10))
        let client = engine.client()
        client.load(1, author: 1, Self.including("author"))
        try engine.answer()
        var turns = 0
        while engine.database.queries.isEmpty {
            engine.turn()
            turns += 1
        }
        #expect(turns >= 30)
        #expect(client.cancel(1))
        client.load(2, author: 1, Self.including("reviews"))
        try engine.answer()
        for _ in 0..<10 { engine.turn() }
        #expect(client.cancel(2))
        try engine.settle()
        #expect(engine.context.loads.allNodes.isEmpty && engine.context.loads.keyCount == 0)
        #expect(client.account.keysOnTheirWay == 0 && engine.context.counters.keysAsked == 3)
    }
}
