import Batching
import Loading
import Planning
import Relations
import TestSupport
import Testing
import Time
import Wire

/// What becomes of a query whose rows are too many, or that the database refuses.
@Suite struct BatchQueryTests {
    /// Keys of each query that was answered.
    private final class Log {
        var queries: [[String]] = []
    }

    private func engine(
        _ books: Books, _ log: Log, change: (inout EngineLimits) -> Void = { _ in }
    ) -> EngineUnderTest {
        EngineUnderTest(
            rows: { query in
                log.queries.append(query.keys)
                return books.rows(of: query)
            }, change: change)
    }

    @Test func `a key with very many rows is asked alone, the others together`() throws {
        // Rows of several keys may take an eighth of a reply; a quarter of that makes a key huge.
        let (row, log) = (46 + 1000, Log())
        let many = Array(repeating: String(repeating: "x", count: 1000), count: 8)
        let books = Books([1: [many[0]], 2: many, 3: [many[0]], 4: [many[0]]])
        let engine = engine(books, log) { $0.maxReplyBytes = 8 * 8 * row }
        let client = engine.client()
        client.load(1, authors: [1, 2, 3, 4])
        try engine.settle()
        #expect(log.queries.map { $0.sorted() } == [["1", "2", "3", "4"], ["1", "3", "4"], ["2"]])
        let lists = (1...4).map { "[\(books.text(of: $0))]" }.joined(separator: ",")
        #expect(client.readAll() == ["{\"id\":1,\"results\":[\(lists)]}"])
        #expect(engine.context.counters.splits == 1)
        #expect(engine.context.counters.queries == 3 && engine.context.counters.keysSent == 8)
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `keys of which none stands out are asked in halves`() throws {
        let log = Log()
        let books = Books(authors: 1...12, titleLength: 1000)
        let engine = engine(books, log) { $0.maxReplyBytes = 8 * 8 * 1046 }
        let client = engine.client()
        for author in 1...12 { client.load(Int64(author), author: author) }
        try engine.settle()
        #expect(log.queries.map(\.count) == [12, 6, 6])
        #expect(client.readAll().sorted() == (1...12).map { books.reply(Int64($0), $0) }.sorted())
    }

    @Test
    func `a key whose rows are too many for any reply has its query stopped, and its rows go no further`()
        throws
    {
        let books = Books([1: Array(repeating: String(repeating: "x", count: 1000), count: 50)])
        let engine = EngineUnderTest(change: { $0.maxReplyBytes = 10_000 })
        let client = engine.client()
        client.load(1, author: 1)
        engine.turn()
        let query = try #require(engine.database.queries.first)
        let rows = books.rows(of: try SQLReader.query(query.statement.sql))
        for row in rows.prefix(11) { RowView.withCells(row, query.take) }
        #expect(query.needsNoMoreRows)
        let bytes = engine.context.memory.bytes
        for row in rows.dropFirst(11) { RowView.withCells(row, query.take) }
        #expect(engine.context.memory.bytes == bytes)
        engine.turn()
        #expect(engine.database.killed.isEmpty, "most queries end sooner than they could be stopped")
        #expect(engine.clock.alarm == Instant.zero + .milliseconds(10))
        engine.clock.advance(by: .milliseconds(10))
        engine.turn()
        #expect(engine.database.killed.count == 1 && engine.context.counters.kills == 1)
        engine.turn()
        #expect(engine.database.killed.count == 1)
        engine.engine.finished(
            query, .failed(QueryFailure(.refused(.moment), errno: 1317, message: "", description: "")))
        try engine.settle()
        let lines = client.readAll()
        #expect(lines.count == 1 && lines[0].isError(.resultTooLarge))
    }

    @Test func `a query that was cut short says nothing about how quick the database is`() throws {
        let books = Books([1: Array(repeating: String(repeating: "x", count: 1000), count: 50)])
        let engine = EngineUnderTest(rows: books.rows) { $0.maxReplyBytes = 10_000 }
        let client = engine.client()
        client.load(1, author: 1)
        engine.turn()
        // The query takes 10 ms, and its rows are too many before all have come.
        engine.clock.advance(by: .milliseconds(10))
        try engine.settle()
        #expect(client.readAll().count == 1)
        // Two more are sent, which is as many as may be in flight, and a third has to wait until they are
        // overdue: after 20 ms, because nothing is known; after 40 ms, if 10 ms counted.
        for author in 2...4 {
            client.load(2, author: author)
            engine.turn()
        }
        #expect(engine.database.queries.count == 2)
        #expect(engine.clock.alarm == engine.clock.now + .milliseconds(20))
    }

    @Test func `a to-one relationship shows the first row of a key, and counts the others`() throws {
        let rows = [["7", "Austen"], ["7", "Brontë"], ["7", "Carroll"]]
        let engine = EngineUnderTest(rows: { query in
            rows.map { row in query.selected.map { $0 == .column("id") ? row[0] : row[1] } }
        })
        let client = engine.client()
        client.send(1, "books.author", .one(.scalar(.integer(7))))
        try engine.settle()
        #expect(client.readAll() == ["{\"id\":1,\"row\":{\"id\":7,\"name\":\"Austen\"}}"])
        #expect(engine.context.counters.surplusRows == 2)
        #expect(engine.context.counters.rows == 3)
    }

    @Test func `rows that belong to no key are told of, and shown to nobody`() throws {
        let books = Books([1: ["a"], 2: ["b"], 3: ["c"]])
        let engine = EngineUnderTest(rows: { query in
            // The rows of an author for whom nobody asked stand among the others.
            var query = query
            query.keys = ["1", "3", "2"]
            return books.rows(of: query)
        })
        var events = 0
        engine.engine.onEvent = { if case .strayRows = $0 { events += 1 } }
        let client = engine.client()
        client.load(1, authors: [1, 2])
        try engine.settle()
        #expect(
            client.readAll() == ["{\"id\":1,\"results\":[[\(books.text(of: 1))],[\(books.text(of: 2))]]}"])
        #expect(engine.context.counters.strayRows == 1 && events == 1)
    }

    @Test func `a column of another type than the catalog says is not accepted`() throws {
        let engine = EngineUnderTest()
        let client = engine.client()
        client.load(1, author: 1)
        engine.turn()
        let query = try #require(engine.database.next())
        #expect(query.accepts([.integer, .integer, .text]))
        #expect(query.accepts([.integer, .null, .text]))
        #expect(!query.accepts([.integer, .text, .text]))
        #expect(!query.accepts([.integer, .integer, .bytes]))
        #expect(!query.accepts([.integer, .integer]))
        #expect(!query.accepts([.integer, .integer, .text, .text]))
        var options = LoadOptions()
        options.isCount = true
        client.load(2, author: 2, options)
        engine.turn()
        let count = try #require(engine.database.next())
        let leading = Array(repeating: CellKind.integer, count: count.statement.leadingTypes.count)
        #expect(count.accepts(leading + [.integer]) && !count.accepts(leading + [.text]))
    }

    @Test func `each of two projections is filled from the same rows`() throws {
        let log = Log()
        let books = Books([1: ["a", "b"], 2: ["c"]])
        let engine = engine(books, log)
        let client = engine.client()
        engine.database.hasFreeConnection = false
        var titles = LoadOptions()
        titles.columns = ["title"]
        client.load(1, author: 1, titles)
        client.load(2, author: 1)
        client.load(3, author: 2, titles)
        client.load(4, author: 1, titles)
        engine.database.hasFreeConnection = true
        try engine.settle()
        #expect(log.queries.count == 1)
        #expect(
            client.readAll().sorted() == [
                "{\"id\":1,\"rows\":[{\"title\":\"a\"},{\"title\":\"b\"}]}", books.reply(2, 1),
                "{\"id\":3,\"rows\":[{\"title\":\"c\"}]}",
                "{\"id\":4,\"rows\":[{\"title\":\"a\"},{\"title\":\"b\"}]}",
            ])
    }

    @Test func `rows of several keys may take an eighth of a reply, and no byte more`() throws {
        let books = Books(authors: 1...2, titleLength: 1000)
        let bytes = books.text(of: 1).utf8.count + books.text(of: 2).utf8.count
        for (maxReplyBytes, queries) in [(8 * bytes, 1), (8 * bytes - 1, 3)] {
            let log = Log()
            let engine = engine(books, log) { $0.maxReplyBytes = maxReplyBytes }
            engine.client().load(1, authors: [1, 2])
            try engine.settle()
            #expect(log.queries.count == queries)
        }
    }

    @Test func `rows that two projections show count once for each`() throws {
        let titles = (0..<20).map { "title \($0)" }
        let (books, log) = (Books([1: titles, 2: titles]), Log())
        let bytes = books.text(of: 1).utf8.count + books.text(of: 2).utf8.count
        let engine = engine(books, log) { $0.maxReplyBytes = 8 * 2 * bytes }
        var options = LoadOptions()
        options.columns = ["title"]
        let client = engine.client()
        client.load(1, authors: [1, 2])
        client.load(2, authors: [1, 2], options)
        try engine.settle()
        #expect(log.queries.count == 1 && client.readAll().count == 2)
    }

    @Test func `rows that are too many for one projection still come for another`() throws {
        let titles = Array(repeating: String(repeating: "x", count: 1000), count: 50)
        let engine = engine(Books([1: titles]), Log()) { $0.maxReplyBytes = 10_000 }
        var options = LoadOptions()
        options.columns = ["id"]
        let client = engine.client()
        client.load(1, author: 1)
        client.load(2, author: 1, options)
        try engine.settle()
        let lines = client.readAll().sorted()
        let ids = (1000..<1050).map { "{\"id\":\($0)}" }.joined(separator: ",")
        #expect(lines.count == 2 && lines[0].isError(.resultTooLarge))
        #expect(lines.last == "{\"id\":2,\"rows\":[\(ids)]}")
    }

    // MARK: Refusals

    private static func failure(_ cause: QueryFailure.Cause) -> QueryFailure {
        QueryFailure(cause, errno: 1234, message: "no", description: "1234: no")
    }

    /// Answers every query like this, and says how many keys each had.
    private func refuse(
        _ engine: EngineUnderTest, keys: Int, _ outcome: (BatchQuery) -> BatchQuery.Outcome
    ) -> (sizes: [Int], lines: [String]) {
        let client = engine.client()
        client.load(1, authors: Array(1...keys))
        var sizes: [Int] = []
        engine.turn()
        while let query = engine.database.next() {
            sizes.append(query.batch.keys.count)
            engine.engine.finished(query, outcome(query))
            engine.turn()
        }
        return (sizes, client.readAll())
    }

    @Test func `an error of one key is found in halves, and costs the load only when the key is alone`() {
        let engine = EngineUnderTest()
        let (sizes, lines) = refuse(engine, keys: 4) { _ in .failed(Self.failure(.refused(.keys))) }
        #expect(sizes.prefix(3) == [4, 2, 2] || sizes.prefix(3) == [4, 2, 1])
        #expect(lines.count == 1 && lines[0].isError(.databaseError))
        #expect(lines[0].contains("\"mysql_errno\":1234"))
    }

    @Test(arguments: [ErrorScope.server, .table, .moment, .accessDenied])
    func `an error that is not of the keys is not asked about again`(scope: ErrorScope) {
        let engine = EngineUnderTest()
        var (refused, outdated) = (0, 0)
        engine.engine.onEvent = { event in
            if case .queryRefused = event { refused += 1 }
            if case .catalogOutdated = event { outdated += 1 }
        }
        let (sizes, lines) = refuse(engine, keys: 4) { _ in .failed(Self.failure(.refused(scope))) }
        #expect(sizes == [4])
        #expect(lines.count == 1 && lines[0].isError(.databaseError))
        #expect(refused == 1 && outdated == (scope == .accessDenied ? 1 : 0))
    }

    @Test func `a missing table or changed column has the catalog read again`() {
        for outcome in [BatchQuery.Outcome.failed(Self.failure(.refused(.missingName))), .changedColumns] {
            let engine = EngineUnderTest()
            var outdated = 0
            engine.engine.onEvent = { if case .catalogOutdated = $0 { outdated += 1 } }
            let (sizes, lines) = refuse(engine, keys: 4) { _ in outcome }
            #expect(sizes == [4])
            #expect(lines.count == 1 && lines[0].isError(.databaseUnavailable))
            #expect(outdated == 1)
        }
    }

    @Test func `an unknown error is looked for in 63 parts in vain, and then again in the next batch`() {
        let engine = EngineUnderTest()
        for round in 1...2 {
            let clients = (1...300).map { _ in engine.client() }
            for (number, client) in clients.enumerated() { client.load(1, author: number + 1) }
            engine.turn()
            while let query = engine.database.next() {
                engine.engine.finished(query, .failed(Self.failure(.refused(.unknown))))
                engine.turn()
            }
            #expect(engine.context.counters.splits == 63 * round)
            #expect(clients.allSatisfy { $0.readAll().count { $0.isError(.databaseError) } == 1 })
        }
    }

    @Test func `a part that brings rows shows that the unknown error is of a key`() {
        let engine = EngineUnderTest()
        let clients = (1...300).map { _ in engine.client() }
        engine.database.hasFreeConnection = false
        for (number, client) in clients.enumerated() { client.load(1, author: number + 1) }
        engine.database.hasFreeConnection = true
        engine.turn()
        let bad: Set<Key> = Set(stride(from: 1, through: 300, by: 20).map { .single(.integer($0)) })
        while let query = engine.database.next() {
            let isBad = query.batch.keys.contains { bad.contains($0) }
            engine.engine.finished(
                query, isBad ? .failed(Self.failure(.refused(.unknown))) : .complete)
            engine.turn()
        }
        let errors = clients.enumerated().filter {
            $0.element.readAll().contains { $0.isError(.databaseError) }
        }
        #expect(errors.map(\.offset) == Array(stride(from: 0, to: 300, by: 20)))
    }

    @Test func `a query whose connection is lost at once is asked again three times, a slow one once`() {
        for (span, attempts) in [(TimeSpan.milliseconds(99), 5), (.milliseconds(100), 2)] {
            let engine = EngineUnderTest()
            let (sizes, lines) = refuse(engine, keys: 3) { _ in
                engine.clock.advance(by: span)
                return .failed(Self.failure(.connectionLost))
            }
            #expect(sizes == Array(repeating: 3, count: attempts))
            #expect(lines.count == 1 && lines[0].isError(.databaseUnavailable))
        }
    }

    @Test func `a query that has brought a row is not asked again`() {
        let engine = EngineUnderTest()
        let (sizes, lines) = refuse(engine, keys: 1) { query in
            RowView.withCells(["1", "1", "a"], query.take)
            return .failed(Self.failure(.connectionLost))
        }
        #expect(sizes == [1])
        #expect(lines.count == 1 && lines[0].isError(.databaseUnavailable))
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `a query that nobody waits for is stopped after 10 ms, one that somebody needs goes on`() {
        let engine = EngineUnderTest()
        let (first, second) = (engine.client(), engine.client())
        first.load(1, author: 1)
        engine.turn()
        second.load(1, author: 2)
        engine.database.hasFreeConnection = true
        engine.turn()
        first.hangUp()
        engine.turn()
        #expect(engine.database.killed.isEmpty)
        engine.clock.advance(by: .milliseconds(10))
        engine.turn()
        #expect(engine.database.killed.map(\.batch.keys) == [[.single(.integer(1))]])
        #expect(engine.engine.running.count >= 1)
        engine.clock.advance(by: .seconds(1))
        engine.turn()
        #expect(engine.database.killed.count == 1)
    }

    @Test func `the end of a query that was stopped is no news`() {
        let engine = EngineUnderTest()
        let client = engine.client()
        client.load(1, author: 1)
        engine.turn()
        client.hangUp()
        engine.clock.advance(by: .milliseconds(10))
        engine.turn()
        var refused = 0
        engine.engine.onEvent = { if case .queryRefused = $0 { refused += 1 } }
        guard let query = engine.database.next() else { return #expect(Bool(false), "no query") }
        engine.engine.finished(query, .failed(Self.failure(.refused(.moment))))
        #expect(refused == 0 && engine.engine.running.isEmpty)
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `more than 64 projections of the same keys are not asked for in one query`() throws {
        let log = Log()
        let engine = engine(Books([1: ["a"], 2: ["b"]]), log)
        engine.database.hasFreeConnection = false
        let client = engine.client()
        var id: Int64 = 0
        for options in Self.manyOptions.prefix(65) {
            id += 1
            client.load(id, authors: [1, 2], options)
        }
        engine.database.hasFreeConnection = true
        try engine.settle()
        #expect(log.queries.prefix(2).map { $0.count } == [1, 1])
        #expect(client.readAll().count == 65)
        #expect(engine.context.counters.splits == 0)
    }

    /// 75 ways to show books, counting the columns that only lead on.
    private static let manyOptions: [LoadOptions] = {
        let columns = [
            ["id"], ["author_id"], ["title"], ["id", "author_id"], ["id", "title"], ["author_id", "id"],
            ["author_id", "title"], ["title", "id"], ["title", "author_id"], ["id", "author_id", "title"],
            ["id", "title", "author_id"], ["author_id", "id", "title"], ["author_id", "title", "id"],
            ["title", "id", "author_id"], ["title", "author_id", "id"],
        ]
        let includes = [[], ["author"], ["reviews"], ["author", "reviews"], ["reviews", "author"]]
        return columns.flatMap { columns in
            includes.map { names in
                var options = LoadOptions()
                options.columns = columns
                options.includes = names.map { IncludeInput(name: $0, options: LoadOptions()) }
                return options
            }
        }
    }()
}
