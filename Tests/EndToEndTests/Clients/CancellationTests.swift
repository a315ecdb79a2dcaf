import Glibc
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Queries that no client waits for any more are killed.
@Suite struct CancellationTests {
    private let shop: BookshopFixture
    private let locker: BlockingClient

    init() throws {
        shop = try BookshopFixture(try PrivateServer())
        locker = try shop.server.client(database: shop.database)
        // Every query of books waits until it is killed.
        try locker.execute("LOCK TABLES books WRITE")
    }

    private func expectNoQueryRuns(kills: ClosedRange<Int> = 1...1) throws {
        let observer = try shop.server.client()
        try eventually("no query waits in the server") {
            try observer.strings(
                "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '%books%' AND ID <> CONNECTION_ID()"
            ).isEmpty
        }
        #expect(kills.contains(try shop.daemon.stat("kills") ?? 0))
        #expect(try shop.daemon.stat("waiting_requests") == 0)
        try eventually("its connection is used again") { try shop.daemon.stat("in_flight") == 0 }
        try locker.execute("UNLOCK TABLES")
        #expect(try shop.daemon.ask(#"{"load":"authors.books","key":5}"#)["rows"] != nil)
    }

    private func waitUntilSent() throws {
        try eventually("the query is sent") { try shop.daemon.stat("in_flight") == 1 }
    }

    @Test func `a cancelled request is answered at once, and its query is killed`() throws {
        let client = try shop.daemon.client()
        try client.send(#"{"id":1,"load":"authors.books","key":5}"#)
        try waitUntilSent()
        #expect(try JSONValue(client.ask(#"{"id":2,"op":"cancel","target":7}"#))["cancelled"] == .bool(false))
        try client.send(#"{"id":2,"op":"cancel","target":1}"#)
        let replies = [try JSONValue(client.receive() ?? ""), try JSONValue(client.receive() ?? "")]
        #expect(replies.first { $0["id"] == .number("1") }?.errorCode == "cancelled")
        #expect(replies.first { $0["id"] == .number("2") }?["cancelled"] == .bool(true))
        try expectNoQueryRuns()
    }

    @Test func `a request with timeout_ms is answered in time, and its query is killed`() throws {
        let reply = try shop.daemon.ask(#"{"id":1,"load":"authors.books","key":5,"timeout_ms":50}"#)
        #expect(reply.errorCode == "timeout")
        try expectNoQueryRuns()
    }

    @Test func `queries are killed when a client disconnects that has sent more lines than the daemon reads`()
        throws
    {
        var client: LineClient? = try shop.daemon.client()
        let lines = (1...5000).map { #"{"id":\#($0),"load":"authors.books","key":5}"# }
        try client?.send(lines.joined(separator: "\n"))
        try eventually("no more lines are read") { try shop.daemon.stat("waiting_requests") == 4096 }
        client = nil
        // The loads came in several batches.
        try expectNoQueryRuns(kills: 1...4)
    }

    @Test func `queries that wait for a locked table leave a connection for other tables`() throws {
        let client = try shop.daemon.client()
        for year in 1...8 {
            try client.send(
                #"{"id":\#(year),"load":"authors.books","key":5,"where":{"title":"\#(year)"},"timeout_ms":20000}"#
            )
        }
        try eventually("the limit of queries is reached") { try shop.daemon.stat("in_flight") == 3 }
        #expect(try shop.daemon.ask(#"{"load":"books.author","key":5}"#)["row"] != nil)
        try locker.execute("UNLOCK TABLES")
        for _ in 1...8 { #expect(try JSONValue(client.receive() ?? "")["rows"] != nil) }
    }

    @Test func `the query of a client that disconnects is killed`() throws {
        var client: LineClient? = try shop.daemon.client()
        try client?.send(#"{"id":1,"load":"authors.books","key":5}"#)
        try waitUntilSent()
        client = nil
        try expectNoQueryRuns()
    }

    @Test func `a query that another request waits for is not killed`() throws {
        let stranger = try shop.daemon.client()
        let client = try shop.daemon.client()
        // In one write, so that they are in one batch.
        try client.send(
            #"{"id":1,"load":"authors.books","key":5}"# + "\n" + #"{"id":2,"load":"authors.books","key":5}"#)
        try waitUntilSent()
        #expect(
            try JSONValue(stranger.ask(#"{"id":4,"op":"cancel","target":1}"#))["cancelled"] == .bool(false),
            "not its own")
        try client.send(#"{"id":4,"op":"cancel","target":2}"#)
        #expect(try client.receive() != nil && client.receive() != nil)
        try locker.execute("UNLOCK TABLES")
        let reply = try JSONValue(client.receive() ?? "")
        #expect(reply["id"] == .number("1") && reply.errorCode == nil, "\(reply)")
        #expect(try shop.daemon.stat("kills") == 0)
    }
}
