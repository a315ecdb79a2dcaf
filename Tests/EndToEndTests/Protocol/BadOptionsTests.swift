import MariaDB
import PrivateServer
import TestSupport
import Testing

/// Faults in a load's options are reported with a code, their path and the nearest known name.
@Suite struct BadOptionsTests {
    private static let shared = Result {
        try BookshopFixture(
            settings: """
                [relationships."authors.prices"]
                from = "authors.id"
                to = "books.author_id"
                kind = "many"
                columns = ["id", "price"]
                """)
    }

    @Test(arguments: [
        (#""columns":["titel"]"#, "unknown_column", "columns: ", "'title'"),
        (#""where":{"sould":1}"#, "unknown_column", "where.sould: ", "'sold'"),
        (#""order":["-publishd"]"#, "unknown_column", "order: ", "'published'"),
        (#""where":{"sold":"many"}"#, "bad_value", "where.sold: ", "many"),
        (#""where":{"sold":{"gte":1.5}}"#, "bad_value", "where.sold: ", "1.5"),
        (
            #""where":{"published":["2020-01-01","2020-13-01"]}"#, "bad_value", "where.published: ",
            "2020-13-01"
        ),
        (#""where":{"sold":{"gtt":1}}"#, "bad_request", "where.sold.gtt: ", "'gt'"),
        (#""limit":-1"#, "bad_request", "limit: ", "-1"),
        (#""offset":"1""#, "bad_request", "offset: ", "a string"),
        (#""include":{"tagz":{}}"#, "unknown_relationship", "include.tagz: ", "'books.tags'"),
        (
            #""include":{"reviews":{"where":{"details":"{}"}}}"#, "bad_request",
            "include.reviews.where.details: ", "filtered"
        ),
        (
            #""include":{"reviews":{"include":{"book":{"where":{"prize":1}}}}}"#, "unknown_column",
            "include.reviews.include.book.where.prize: ", "'price'"
        ),
        (#""include":{"author":{"limit":1}}"#, "bad_request", "include.author.limit: ", "to-one"),
        (#""include":{"tags":{"columns":[]}}"#, "bad_request", "include.tags.columns: ", "empty"),
        (
            #""include":{"tags":{"timeout_ms":5}}"#, "bad_request", "include.tags.timeout_ms: ",
            "whole request"
        ),
        (#""count":true,"limit":1"#, "bad_request", "limit: ", "'where'"),
        (#""after":3"#, "bad_request", "after: ", "a list of values or null"),
        (#""after":[3],"before":null"#, "bad_request", "before: ", "'after' is there already"),
        (#""after":[3],"offset":1"#, "bad_request", "offset: ", "leave 'offset' out"),
        (#""after":[3],"limit":0"#, "bad_request", "limit: ", "1 row or more"),
        (#""after":[3],"count":true"#, "bad_request", "after: ", "'where'"),
        (#""after":[3,4]"#, "bad_value", "after: ", "1 values (id)"),
        (#""after":[[3]]"#, "bad_value", "after: ", "a list within a list"),
        (#""after":["x"]"#, "bad_value", "after, column 'id': ", "'x'"),
        (#""include":{"tags":{"after":null}}"#, "bad_request", "include.tags.after: ", "load it by itself"),
    ])
    func `a fault in a load's option is refused with its code, its path and a hint`(
        options: String, code: String, path: String, hint: String
    ) throws {
        let reply = try Self.shared.get().daemon.ask(
            "{\"id\":5,\"load\":\"authors.books\",\"key\":1,\(options)}")
        #expect(reply["id"] == .number("5"))
        #expect(reply.errorCode == code, "\(reply)")
        #expect(
            reply.errorMessage.hasPrefix(path) && reply.errorMessage.contains(hint), "\(reply.errorMessage)")
        #expect(reply["error"]?["retryable"] == .bool(false))
    }

    @Test func `a hidden column is refused as an unknown one`() throws {
        let daemon = try Self.shared.get().daemon
        for options in [#""where":{"title":"x"}"#, #""columns":["title"]"#, #""order":["title"]"#] {
            let reply = try daemon.ask("{\"load\":\"authors.prices\",\"key\":1,\(options)}")
            #expect(reply.errorCode == "unknown_column")
        }
        // But the key column of an include may be hidden.
        let reply = try daemon.ask(
            #"{"load":"authors.prices","key":1,"columns":["price"],"include":{"author":{"columns":["id"]}}}"#)
        #expect(reply["rows"]?.elements.isEmpty == false)
        #expect(reply["rows"]?.elements.allSatisfy { $0["author"]?["id"] == .number("1") } == true)
        #expect(reply["rows"]?[0]?.members.map(\.name) == ["price", "author"])
    }

    @Test func `an include and a column of one name cannot stand in one row`() throws {
        let database = try SharedServer.freshDatabase(named: "clash")
        let server = try SharedServer.server
        try server.client(database: database).executeScript(
            """
            CREATE TABLE a (id INT PRIMARY KEY, b INT, kid INT); INSERT INTO a VALUES (1, 1, 1);
            """)
        let daemon = try DaemonUnderTest(
            server, database: database,
            settings: relationshipTOML("a.b", from: "a.id", to: "a.b")
                + relationshipTOML("a.kid", from: "a.kid", to: "a.id"))
        let clash = try daemon.ask(#"{"load":"a.b","key":1,"include":{"kid":{}}}"#)
        #expect(clash.errorCode == "bad_request" && clash.errorMessage.hasPrefix("include.kid: "))
        let reply = try daemon.ask(
            #"{"load":"a.b","key":1,"columns":["id"],"include":{"kid":{"columns":["id"]}}}"#)
        #expect(try reply["rows"] == JSONValue(#"[{"id":1,"kid":[{"id":1}]}]"#))
    }

    @Test func `parent is read as the primary key, and is refused beside key`() throws {
        let daemon = try Self.shared.get().daemon
        #expect(try daemon.ask(#"{"load":"books.author","key":1,"parent":1}"#).errorCode == "bad_request")
        #expect(try daemon.ask(#"{"load":"books.author","parent":"x"}"#).errorCode == "bad_key")
        #expect(
            try daemon.ask(#"{"load":"order_lines.orders","parent":[2024,1,1]}"#)["row"]?["year"]
                == .number("2024"))
        #expect(try daemon.ask(#"{"load":"order_lines.orders","parent":[2024,1]}"#).errorCode == "bad_key")
    }

    @Test func `describe has everything that a request needs`() throws {
        let reply = try Self.shared.get().daemon.ask(#"{"op":"describe","load":"order_lines.orders"}"#)
        let order = try #require(reply["relationships"]?[0])
        #expect(order["kind"] == .string("one"))
        #expect(order["key"]?.elements.map { $0["column"]?.text } == ["order_year", "order_number"])
        #expect(
            order["parent"]?.elements.map { $0["column"]?.text } == ["order_year", "order_number", "line"])
        #expect(order["columns"]?[3]?["type"] == .string("timestamp"))
        #expect(order["order"] == (try JSONValue(#"["year","number"]"#)))
        #expect(order["include"]?.elements.compactMap(\.text).contains("order_lines") == true)
        #expect(
            reply["limits"]?["keys"] == .number("10000") && reply["limits"]?["include_depth"] == .number("8"))
    }
}
