import LineClient
import PrivateServer
import TestSupport
import Testing

/// Loads of every kind at once: no answer has anything of another.
@Suite struct MixedBurstTests {
    private static let clients = 32
    private static let linesPerClient = 120

    /// Requests without braces and `id`; `KEY` stands for a key.
    private static let templates = [
        #""load":"authors.books","key":KEY"#, #""load":"authors.books","key":KEY,"columns":["title","id"]"#,
        #""load":"authors.books","key":KEY,"columns":["id"],"order":["-sold"],"limit":2"#,
        #""load":"authors.books","keys":[KEY,"bad",KEY],"columns":["id"],"order":["-sold"],"limit":2"#,
        #""load":"authors.books","key":KEY,"where":{"price":{"gte":40}},"columns":["price"]"#,
        #""load":"authors.books","key":KEY,"where":{"price":{"gte":40}},"count":true"#,
        #""load":"authors.books","key":KEY,"limit":-1"#,
        #""load":"authors.books","key":KEY,"where":{"prise":1}"#,
        #""load":"authors.books","key":KEY,"where":{"price":{"near":1}}"#,
        #""load":"authors.bookz","key":KEY"#,
        #""load":"authors.books","key":KEY,"columns":["id"],"include":{"tags":{"columns":["name"],"limit":1},"reviews":{"count":true}}"#,
        #""load":"authors.books","key":KEY,"columns":["id"],"include":{"tags":{"limit":"x"}}"#,
        #""load":"books.author","key":KEY,"columns":["name"]"#, #""load":"books.author","parent":KEY"#,
        #""load":"books.author","parents":[KEY,null,KEY],"columns":["id"]"#,
        #""load":"books.author","key":"KEYx""#,
        #""load":"books.tags","keys":[KEY,KEY],"order":["-name"]"#,
        #""load":"books.reviews","key":KEY,"include":{"reply_to":{"columns":["id"]},"reviews":{"count":true}}"#,
        #""load":"customers.reviews","key":"customerKEY@EXAMPLE.com","columns":["id"],"limit":3,"offset":1"#,
        #""load":"customers.orders","key":"CUSTOMERKEY@example.com","include":{"order_lines":{"columns":["line"]}}"#,
    ]

    @Test func `every request has the reply among others that it has alone`() throws {
        let shop = try BookshopFixture()
        var generator = SeededGenerator(seed: 7)
        let lines = (0..<(Self.clients * Self.linesPerClient)).map { _ in
            let key = Int.random(in: 1...60, using: &generator)
            return Self.templates.randomElement(using: &generator)?.replacing("KEY", with: "\(key)") ?? ""
        }
        let alone = try shop.daemon.client()
        var expected: [String: JSONValue] = [:]
        for line in Set(lines) { expected[line] = try JSONValue(alone.ask("{\(line)}")) }
        let (daemon, answers) = (shop.daemon, expected)
        let complaints = inParallel(Self.clients) { number in
            let mine = stride(from: number, to: lines.count, by: Self.clients).map { lines[$0] }
            let client = try daemon.client()
            try client.send(Array(mine.enumerated().map { "{\"id\":\($0),\($1)}\n" }.joined().utf8))
            var found: [String] = []
            var open = Set(mine.indices)
            for _ in mine {
                let reply = try JSONValue(client.receive() ?? "null")
                guard let id = reply["id"]?.number.flatMap({ Int($0) }), open.remove(id) != nil else {
                    found.append("no line asked for \(reply)")
                    continue
                }
                let rest = JSONValue.object(Array(reply.members.dropFirst()))
                if rest != answers[mine[id]] { found.append("\(mine[id])\ngot \(rest)") }
            }
            return found
        }
        #expect(complaints.isEmpty, "\(complaints.count) of \(lines.count): \(complaints.prefix(3))")
    }
}
