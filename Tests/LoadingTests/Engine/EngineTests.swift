import Batching
import Loading
import Planning
import Relations
import TestSupport
import Testing
import Time
import Wire

/// What a request may ask for, how long it waits, and what it is told when there is no database.
@Suite struct EngineTests {
    private static let books = Books([1: ["a", "b", "c"], 2: ["d"]])

    private func engine(change: (inout EngineLimits) -> Void = { _ in }) -> EngineUnderTest {
        EngineUnderTest(rows: Self.books.rows, change: change)
    }

    private static let outage = QueryFailure(
        .noConnection, errno: 2002, message: "nobody listens", description: "2002: nobody listens")

    // MARK: Bounds

    @Test func `a client may have so many keys on their way, and no more`() throws {
        let engine = engine { $0.maxClientKeys = 3 }
        let (client, other) = (engine.client(), engine.client())
        client.load(1, authors: [1, 2])
        client.load(2, author: 1)
        #expect(!client.queue.hasOutput)
        client.load(3, author: 1)
        #expect(client.readLine()?.contains("batching.max_client_keys is 3") == true)
        other.load(1, author: 1)
        #expect(!other.queue.hasOutput)
        try engine.settle()
        #expect(client.readAll().count == 2 && other.readAll() == [Self.books.reply(1, 1)])
        client.load(4, authors: [1, 2, 1])
        try engine.settle()
        #expect(client.readAll().count { $0.contains("results") } == 1)
    }

    @Test func `all clients together may have so many keys on their way, and no more`() {
        let engine = engine { $0.maxQueuedKeys = 3 }
        let (client, other) = (engine.client(), engine.client())
        client.load(1, authors: [1, 2])
        other.load(1, author: 1)
        #expect(!other.queue.hasOutput)
        other.load(2, author: 1)
        #expect(other.readLine()?.contains("batching.max_queued_keys is 3") == true)
    }

    @Test func `a request may have so many rows, and no more`() throws {
        for (maxRows, fits) in [(4, true), (3, false)] {
            let engine = engine { $0.maxRows = maxRows }
            let client = engine.client()
            client.load(1, authors: [1, 2])
            try engine.settle()
            let lines = client.readAll()
            #expect(lines.count == 1 && lines[0].isError(.resultTooLarge) != fits)
            #expect(engine.context.memory.bytes == 0 && engine.context.loads.count == 0)
        }
    }

    @Test func `nothing is begun while memory is full`() {
        let engine = engine { $0.maxResultBytes = 10_000 }
        let client = engine.client()
        var held = 0
        engine.context.memory.update(&held, to: 10_000)
        client.load(1, author: 1)
        #expect(!client.queue.hasOutput)
        client.load(2, author: 1)
        #expect(client.readLine()?.contains("limits.result_bytes is 10000") == true)
        engine.context.memory.update(&held, to: 0)
        client.load(3, author: 1)
        #expect(!client.queue.hasOutput)
    }

    @Test func `a request counts as memory with its line and each of its keys`() {
        let engine = engine()
        engine.client().load(1, authors: [1, 2])
        #expect(engine.context.memory.bytes == 100 + 2 * 192)
    }

    @Test func `rows that find no memory give it back at once, before their query ends`() throws {
        let books = Books(authors: 1...2, titleLength: 3000)
        for authors in [[1, 2], [1]] {
            let engine = EngineUnderTest(change: { $0.maxResultBytes = 2000 })
            engine.client().load(1, authors: authors)
            engine.turn()
            let before = engine.context.memory.bytes
            let query = try #require(engine.database.queries.first)
            let rows = books.rows(of: try SQLReader.query(query.statement.sql))
            for row in rows { RowView.withCells(row, query.take) }
            #expect(query.needsNoMoreRows && engine.context.memory.bytes == before)
        }
    }

    @Test func `rows for which there is no memory cost those who wait for them an error`() throws {
        let books = Books(authors: 1...2, titleLength: 5000)
        let engine = EngineUnderTest(rows: books.rows) { $0.maxResultBytes = 4000 }
        let client = engine.client()
        client.load(1, authors: [1, 2])
        try engine.settle()
        let lines = client.readAll()
        #expect(lines.count == 1 && lines[0].isError(.overloaded))
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `bounds that a reload has changed hold at once`() {
        let engine = engine()
        var limits = engine.context.limits
        limits.maxClientKeys = 1
        limits.maxResultBytes = 12_345
        engine.engine.reconfigure(batching: .init(maxKeyBytes: 1 << 20, maxInFlight: 1), limits: limits)
        #expect(engine.context.memory.limit == 12_345)
        let client = engine.client()
        client.load(1, authors: [1, 2])
        #expect(client.readLine()?.isError(.overloaded) == true)
        #expect(engine.engine.batcher.limits.maxInFlight == 1)
    }

    // MARK: Keys

    @Test func `null keys need no query, and a bad one among others fails alone`() throws {
        let engine = engine()
        let client = engine.client()
        client.send(1, "authors.books", .one(.scalar(.null)))
        #expect(client.readAll() == ["{\"id\":1,\"rows\":[]}"])
        client.send(2, "books.author", .many([.scalar(.null), .scalar(.null)]))
        #expect(client.readAll() == ["{\"id\":2,\"results\":[null,null]}"])
        client.send(3, "authors.books", .one(.scalar(.string(Array("x".utf8)))))
        #expect(client.readLine()?.isError(.badKey) == true)
        client.send(4, "authors.books", .many([]))
        #expect(client.readAll() == ["{\"id\":4,\"results\":[]}"])
        #expect(engine.context.loads.count == 0 && engine.context.counters.keysAsked == 0)
        let keys = [KeyInput.scalar(.integer(1)), .scalar(.string(Array("x".utf8))), .scalar(.null)]
        client.send(5, "authors.books", .many(keys))
        #expect(engine.context.counters.keysAsked == 1)
        try engine.settle()
        let line = client.readLine() ?? ""
        #expect(
            line.hasPrefix("{\"id\":5,\"results\":[[\(Self.books.text(of: 1))],null,[]],\"errors\":{\"1\":{"))
        #expect(line.contains("\"code\":\"bad_key\""))
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `a selection that nothing satisfies needs no query`() {
        let engine = engine()
        let client = engine.client()
        var options = LoadOptions()
        options.filters = [.init(column: "title", comparisons: [.init(.in, .list([]))])]
        client.load(1, authors: [1, 2], options)
        #expect(client.readAll() == ["{\"id\":1,\"results\":[[],[]]}"])
        client.load(2, author: 1, options)
        #expect(client.readAll() == ["{\"id\":2,\"rows\":[]}"])
        options.isCount = true
        client.load(3, author: 1, options)
        #expect(client.readAll() == ["{\"id\":3,\"count\":0}"])
    }

    @Test func `an include whose value is no key of its type fails the load, not the daemon`() throws {
        let engine = EngineUnderTest(rows: { query in
            [query.selected.map { $0 == .column("author_id") ? "no number" : "1" }]
        })
        let client = engine.client()
        var options = LoadOptions()
        options.includes = [IncludeInput(name: "author", options: LoadOptions())]
        client.load(1, author: 1, options)
        try engine.settle()
        let line = client.readLine() ?? ""
        #expect(line.isError(.databaseError) && line.contains("column 'author_id' is no bigint(20)"))
        #expect(engine.context.memory.bytes == 0 && engine.context.loads.count == 0)
    }

    // MARK: Time

    @Test func `a request is answered with timeout when its time is up, not before`() throws {
        let engine = engine { $0.requestTimeout = .milliseconds(50) }
        let client = engine.client()
        client.load(1, author: 1)
        client.load(2, author: 1, timeoutMilliseconds: 20)
        client.load(3, author: 1, timeoutMilliseconds: 90)
        engine.turn()
        #expect(engine.clock.alarm == Instant.zero + .milliseconds(20))
        engine.clock.advance(by: .nanoseconds(19_999_999))
        engine.turn()
        #expect(!client.queue.hasOutput)
        engine.clock.advance(by: .nanoseconds(1))
        engine.turn()
        #expect(client.readLine()?.contains("no answer from the database within its timeout_ms") == true)
        #expect(engine.clock.alarm == Instant.zero + .milliseconds(50))
        engine.clock.advance(by: .milliseconds(30))
        engine.turn()
        let rest = client.readAll()
        #expect(rest.count == 2 && rest.allSatisfy { $0.contains("within limits.request_timeout_s") })
        #expect(engine.context.memory.bytes == 0)
    }

    // MARK: The database

    @Test func `without a database requests are refused at once`() {
        let engine = engine()
        let client = engine.client()
        engine.database.outage = Self.outage
        client.load(1, author: 1)
        #expect(client.readLine()?.isError(.databaseUnavailable) == true)
        engine.database.outage = nil
        client.load(2, author: 1)
        #expect(!client.queue.hasOutput)
    }

    @Test func `when the database is lost, all that waits is told so`() {
        let engine = engine()
        let client = engine.client()
        engine.database.hasFreeConnection = false
        for author in 1...5 { client.load(Int64(author), author: author) }
        client.send(6, "books.author", .one(.scalar(.integer(1))))
        engine.turn()
        engine.database.outage = Self.outage
        engine.engine.databaseLost(Self.outage)
        engine.turn()
        #expect(client.readAll().count { $0.isError(.databaseUnavailable) } == 6)
        #expect(engine.context.memory.bytes == 0)
    }

    @Test func `a database that has returned meanwhile answers what still waits`() throws {
        let engine = engine()
        let client = engine.client()
        engine.database.hasFreeConnection = false
        client.load(1, author: 1)
        engine.turn()
        engine.engine.databaseLost(Self.outage)
        engine.database.hasFreeConnection = true
        try engine.settle()
        #expect(client.readAll() == [Self.books.reply(1, 1)])
    }

    @Test func `whoever stops the daemon has everything that waits answered`() throws {
        let engine = engine()
        let client = engine.client()
        for author in 1...2 { client.load(Int64(author), author: author) }
        engine.engine.failAll(Failure(.shuttingDown, "the end"))
        #expect(client.readAll().count { $0.isError(.shuttingDown) } == 2)
        #expect(engine.context.memory.bytes == 0 && engine.context.loads.keyCount == 0)
    }

    @Test func `a client cancels its own requests of that id, all of them, and nobody else's`() throws {
        let engine = engine()
        let (client, other) = (engine.client(), engine.client())
        client.load(1, author: 1)
        client.load(1, author: 2)
        client.load(2, author: 1)
        other.load(1, author: 1)
        #expect(client.cancel(1) && !client.cancel(1) && !client.cancel(9))
        #expect(client.readAll().count { $0.isError(.cancelled) } == 2)
        try engine.settle()
        #expect(client.readAll() == [Self.books.reply(2, 1)])
        #expect(other.readAll() == [Self.books.reply(1, 1)])
    }

    // MARK: Slices

    @Test func `an answer that very many wait for is handed out in slices`() throws {
        let engine = EngineUnderTest.inSlices(rows: Self.books.rows)
        let clients = (0..<50).map { _ in engine.client() }
        engine.database.hasFreeConnection = false
        for client in clients { client.load(1, author: 2) }
        engine.database.hasFreeConnection = true
        try engine.answer()
        for turn in 1...10 {
            engine.turn()
            let missing = engine.engine.undelivered.count
            #expect((50 - turn...49).contains(missing) || missing == 50 - turn, "\(missing)")
        }
        try engine.settle()
        #expect(clients.allSatisfy { $0.readAll() == [Self.books.reply(1, 2)] })
    }

    @Test func `the loads of a client that is gone are forgotten in slices`() throws {
        let engine = EngineUnderTest.inSlices()
        let client = engine.client()
        for id in 1...100 { client.load(Int64(id), author: id) }
        client.hangUp()
        #expect(engine.context.loads.count == 99)
        engine.turn()
        #expect(engine.context.loads.count == 98)
        try engine.settle()
        #expect(engine.context.loads.count == 0 && engine.context.memory.bytes == 0)
    }

    // MARK: Includes

    private static func including(_ name: String) -> LoadOptions {
        var options = LoadOptions()
        options.includes = [IncludeInput(name: name, options: LoadOptions())]
        return options
    }

    @Test func `keys of included rows count as memory and against the quota until they are answered`() throws
    {
        let engine = EngineUnderTest(rows: { query in
            guard query.table == "books" else { return [] }
            return (1...50).map { id in query.selected.map { $0 == .column("id") ? "\(id)" : "1" } }
        })
        let client = engine.client()
        client.load(1, author: 1, Self.including("reviews"))
        let before = engine.context.memory.bytes
        engine.database.hasFreeConnection = true
        engine.turn()
        let query = try #require(engine.database.next())
        let parsed = try SQLReader.query(query.statement.sql)
        for row in engine.rows(parsed) { RowView.withCells(row, query.take) }
        let rows = engine.context.memory.bytes - before
        engine.engine.finished(query, .complete)
        #expect(engine.context.memory.bytes >= before + rows + 50 * 192)
        #expect(client.account.keysOnTheirWay == 51 && engine.context.loads.keyCount == 51)
        try engine.settle()
        #expect(client.account.keysOnTheirWay == 0 && engine.context.loads.keyCount == 0)
        #expect(client.readAll().count == 1)
    }

    @Test func `a key to which many rows lead counts once`() throws {
        let engine = EngineUnderTest(
            rows: { query in (1...50).map { id in query.selected.map { $0 == .column("id") ? "\(id)" : "1" } }
            },
            change: { $0.maxClientKeys = 2 })
        let client = engine.client()
        client.load(1, author: 1, Self.including("author"))
        try engine.settle()
        #expect(client.readLine()?.hasPrefix("{\"id\":1,\"rows\":[{\"id\":1,") == true)
    }

    @Test func `templates of ever other filters are forgotten`() {
        let engine = engine()
        let client = engine.client()
        for number in 1...5000 {
            var options = LoadOptions()
            let title = FilterInput.Operand.value(.string(Array("\(number)".utf8)))
            options.filters = [FilterInput(column: "title", comparisons: [.init(.eq, title)])]
            client.load(Int64(number), author: 1, options)
            #expect(client.cancel(Int64(number)))
            _ = client.readAll()
        }
        #expect(engine.engine.templates.count <= 4097)
    }

    @Test func `included keys beyond the quota fail the load`() throws {
        let engine = EngineUnderTest(
            rows: { query in (1...50).map { id in query.selected.map { _ in "\(id)" } } },
            change: { $0.maxClientKeys = 50 })
        let client = engine.client()
        client.load(1, author: 1, Self.including("reviews"))
        try engine.settle()
        #expect(client.readLine()?.isError(.overloaded) == true)
        #expect(engine.context.loads.count == 0 && engine.context.memory.bytes == 0)
    }

    // MARK: Counters

    @Test func `what was asked, sent and brought is counted for the daemon and for the relationship`() throws
    {
        let engine = engine()
        engine.database.hasFreeConnection = false
        let client = engine.client()
        client.load(1, authors: [1, 2])
        client.load(2, author: 1)
        engine.database.hasFreeConnection = true
        try engine.settle()
        let counters = engine.context.counters
        #expect(counters.keysAsked == 3 && counters.keysSent == 2 && counters.queries == 1)
        #expect(counters.rows == 4 && counters.replies == 2 && counters.errors.isEmpty)
        #expect(counters.splits == 0 && counters.kills == 0 && counters.strayRows == 0)
        #expect(counters.batchSizes.counts[1] == 1)
        #expect(counters.queries(released: .idle) == 1 && counters.queries(released: .full) == 0)
        let own = try #require(engine.engine.templates.counters["authors.books"])
        #expect(own.keysAsked == 3 && own.keysSent == 2 && own.queries == 1 && own.rows == 4)
    }

    // MARK: Changed tables

    @Test func `a missing name is retryable until the catalog has been read and says the same`() throws {
        let engine = engine()
        let client = engine.client()
        var readings = 0
        engine.engine.onEvent = { if case .catalogOutdated = $0 { readings += 1 } }
        let failure = QueryFailure(
            .refused(.missingName), errno: 1054, message: "Unknown column 't.title' in 'SELECT'",
            description: "1054 (42S22): Unknown column 't.title' in 'SELECT'")
        func reply(_ id: Int64, _ outcome: BatchQuery.Outcome) throws -> String {
            client.load(id, author: 1)
            engine.turn()
            engine.engine.finished(try #require(engine.database.next()), outcome)
            try engine.settle()
            return try #require(client.readLine())
        }
        #expect(try reply(1, .failed(failure)).isError(.databaseUnavailable))
        engine.clock.advance(by: .milliseconds(1))
        engine.engine.catalogRead(began: engine.clock.now)
        let told = try reply(2, .failed(failure))
        #expect(told.isError(.databaseError) && told.contains("\"retryable\":false,\"mysql_errno\":1054"))
        #expect(told.contains("Unknown column 't.title' in 'SELECT'"))
        #expect(readings == 2, "it may yet change")
        #expect(try reply(3, .changedColumns).isError(.databaseUnavailable))
        engine.clock.advance(by: .milliseconds(1))
        engine.engine.catalogRead(began: engine.clock.now)
        let types = try reply(4, .changedColumns)
        #expect(
            types.isError(.databaseError) && types.contains("'authors.books' have columns of other types"))
        #expect(types.contains("\"retryable\":false"))
    }
}
