import Demo
import Foundation
import LineClient
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// More requests, keys or time than the limits allow.
@Suite struct OverloadTests {
    @Test func `lines held back behind the limit of waiting requests are answered without another event`()
        throws
    {
        // Without refreshes nothing else wakes the daemon.
        let shop = try BookshopFixture(settings: "[catalog]\nrefresh_s = 0")
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        // Few enough to be sent at once: a Unix socket takes more only when three quarters of its buffer are
        // free.
        let count = 4400
        let lines = (0..<count).map { #"{"id":\#($0),"load":"authors.books","key":-5}"# + "\n" }
        try client.send(Array(lines.joined().utf8))
        try eventually("the limit of waiting requests is reached") {
            try shop.daemon.ask(#"{"op":"stats"}"#)["stats"]?["waiting_requests"] == .number("4096")
        }
        try holder.execute("UNLOCK TABLES")
        var ids: Set<String> = []
        for _ in 0..<count { ids.insert(try JSONValue(client.receive() ?? "null")["id"]?.number ?? "") }
        #expect(ids.count == count)
    }

    @Test func `hundreds of column lists in one batch are each answered as asked, by a few queries`()
        throws
    {
        // One query at a time, so that all wait for the first.
        let shop = try BookshopFixture(settings: "[batching]\nmode = \"frugal\"")
        let columns = ["id", "author_id", "title", "price", "published", "sold", "isbn"]
        let lists = (0..<300).map { number in
            let (first, rest) = (number % 7, number / 7)
            let others = columns.filter { $0 != columns[first] }
            return [columns[first], others[rest % 6]]
                + others.filter { $0 != others[rest % 6] }.suffix(1 + rest / 6 % 5)
        }
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let client = try shop.daemon.client()
        let lines = lists.enumerated().map { number, list in
            let names = list.map { "\"\($0)\"" }.joined(separator: ",")
            return
                "{\"id\":\(number),\"load\":\"authors.books\",\"key\":\(number % 50 + 1),\"columns\":[\(names)]}\n"
        }
        try client.send(#"{"id":"first","load":"authors.books","key":1}"#)
        try eventually("the request waits") { try shop.daemon.stat("in_flight") == 1 }
        try client.send(Array(lines.joined().utf8))
        try eventually("all requests wait") { try shop.daemon.stat("waiting_requests") == 301 }
        try holder.execute("UNLOCK TABLES")
        let replies = try (0...300).map { _ in try JSONValue(client.receive() ?? "null") }
        // A query has at most 64 column lists.
        #expect(try shop.daemon.stat("queries") ?? 0 >= 1 + 5)
        for reply in replies {
            guard let number = reply["id"]?.number.flatMap(Int.init) else { continue }
            let whole = try shop.daemon.ask("{\"load\":\"authors.books\",\"key\":\(number % 50 + 1)}")
            let expected = whole["rows"]?.elements.map { row in lists[number].map { row[$0] } }
            let rows = reply["rows"]?.elements.map { row in lists[number].map { row[$0] } }
            #expect(rows == expected, "\(lists[number])")
            #expect(reply["rows"]?.elements.allSatisfy { $0.members.map(\.name) == lists[number] } == true)
        }
    }

    @Test func `keys beyond batching.max_queued_keys are refused as overloaded, and later ones are not`()
        throws
    {
        let shop = try BookshopFixture(settings: "[batching]\nmax_queued_keys = 3")
        let refused = try shop.daemon.ask(#"{"load":"books.author","keys":[1,1,1,1]}"#)
        #expect(refused.errorCode == "overloaded")
        #expect(refused["error"]?["retryable"] == .bool(true))
        #expect(
            try shop.daemon.ask(#"{"load":"books.author","keys":[1,1,1]}"#)["results"]?.elements.count == 3)
    }

    @Test func `keys of one client beyond batching.max_client_keys are refused, and those of others are not`()
        throws
    {
        let shop = try BookshopFixture(settings: "[batching]\nmax_client_keys = 3")
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let greedy = try shop.daemon.client()
        try greedy.send(#"{"id":1,"load":"authors.books","keys":[1,2,3]}"#)
        try eventually("the request waits") { try shop.daemon.stat("waiting_requests") == 1 }
        let refused = try JSONValue(greedy.ask(#"{"id":2,"load":"authors.books","key":4}"#))
        #expect(refused.errorCode == "overloaded" && refused["id"] == .number("2"))
        let other = try shop.daemon.client()
        try other.send(#"{"id":3,"load":"authors.books","keys":[1,2,3]}"#)
        try eventually("the request waits") { try shop.daemon.stat("waiting_requests") == 2 }
        try holder.execute("UNLOCK TABLES")
        #expect(try JSONValue(greedy.receive() ?? "")["results"]?.elements.count == 3)
        #expect(try JSONValue(other.receive() ?? "")["results"]?.elements.count == 3)
        #expect(try JSONValue(greedy.ask(#"{"id":4,"load":"authors.books","key":4}"#)).errorCode == nil)
    }

    @Test
    func `a line that does not end within line_timeout_s ends the connection, even if bytes keep coming`()
        throws
    {
        let shop = try BookshopFixture(settings: "[limits]\nline_timeout_s = 1")
        let idle = try shop.daemon.client()
        let slow = try shop.daemon.client()
        try slow.send(Array((#"{"id":1,"load":"books.author","key":1}"# + "\n" + #"{"id":2,"#).utf8))
        #expect(try JSONValue(slow.receive() ?? "")["row"] != nil)
        try eventually("the unfinished line has timed out") {
            do { try slow.send([0x20]) } catch { return true }
            return try shop.daemon.stat("sessions") == 2
        }
        let last = try JSONValue(slow.receive() ?? "")
        #expect(last.errorCode == "timeout" && last["id"] == nil, "\(last)")
        #expect(try slow.receive() == nil)
        #expect(try JSONValue(idle.ask(#"{"op":"ping"}"#))["pong"] == .bool(true), "no line, no limit")
    }

    @Test func `clients that wait for very many keys all get an error when the database is lost`()
        throws
    {
        let shop = try BookshopFixture(try PrivateServer())
        let holder = try shop.server.client(database: shop.database)
        try holder.execute("LOCK TABLES books WRITE")
        let clients = try (1...4).map { _ in try shop.daemon.client() }
        let leaving = try shop.daemon.client()
        for (number, client) in (clients + [leaving]).enumerated() {
            for part in 1...10 {
                let first = (number * 10 + part) * 10_000
                let keys = (first..<first + 2_000).map { "\($0)" }.joined(separator: ",")
                try client.send("{\"id\":\(part),\"load\":\"authors.books\",\"keys\":[\(keys)]}")
            }
        }
        try eventually("all requests wait") { try shop.daemon.stat("waiting_requests") == 50 }
        leaving.finishSending()
        shop.server.kill()
        for client in clients {
            let codes = try (1...10).map { _ in try JSONValue(client.ask()).errorCode }
            #expect(codes == Array(repeating: "database_unavailable", count: 10))
        }
        try eventually("no request is left") {
            try ["waiting_requests", "queued_keys"].allSatisfy { try shop.daemon.stat($0) == 0 }
        }
    }
}
