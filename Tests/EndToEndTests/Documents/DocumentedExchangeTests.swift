import Foundation
import LineClient
import PrivateServer
import Relations
import TestSupport
import Testing

/// The requests and replies that the documents show, against a daemon with the bookshop.
@Suite struct DocumentedExchangeTests {
    /// Sends each request as it stands there, and compares its reply with the one that stands below it.
    private func differences(_ document: Document, _ client: LineClient) throws -> [String] {
        try document.exchanges.compactMap { exchange in
            let reply = try JSONValue(client.ask(exchange.request))
            // MySQL's integers have no display width.
            let shown =
                SharedServer.kind == .mySQL
                ? exchange.reply.replacing("int(11)", with: "int") : exchange.reply
            return try JSONPattern(shown).difference(from: reply).map {
                "\(document.name):\(exchange.lineNumber): \($0)"
            }
        }
    }

    @Test(arguments: try Document.all)
    func `what a document shows is what the daemon answers`(document: Document) throws {
        guard try !document.exchanges.isEmpty else { return }
        let shop = try BookshopFixture()
        #expect(try differences(document, shop.daemon.client()) == [])
    }

    @Test func `the documents show requests and replies`() throws {
        #expect(try Document("README.md").exchanges.count >= 1)
        #expect(try Document("docs/PROTOCOL.md").exchanges.count >= 20)
    }

    @Test func `a reply that is not the daemon's is found`() throws {
        let shop = try BookshopFixture()
        let text = """
            ```
            > {"id":1,"load":"books.author","key":42,
               "columns":["id","name"]}
            < {"id":1,"row":{"id":42,"name":"Jane Morrison 42"}}
            > {"id":2,"load":"books.author","key":42,"columns":["id","name"]}
            < {"id":2,"row":{"id":42,"name":"Jane Austen"}}
            > {"id":3,"load":"authors.books","key":42,"columns":["id"],"limit":2}
            < {"id":3,"rows":[{"id":33}]}
            > {"id":4,"load":"authors.books","key":42,"columns":["id"],"limit":2}
            < {"id":4,"rows":[{"id":33},…]}
            > {"id":5,"op":"ping"}
            < {"id":5,…,"ping":true}
            ```
            """
        let found = try differences(Document(name: "x", text: text), shop.daemon.client())
        #expect(
            found == [
                #"x:5: .row.name is "Jane Morrison 42", not "Jane Austen""#,
                "x:7: .rows has 2 elements, not 1", "x:11: .… is not there",
            ])
    }

    @Test(arguments: ["> {}", "< {}", "> {}\n> {}\n< {}", "> {}\n< {}\n< {}", "> {}\n< {}\nnonsense"])
    func `a request or a reply that stands alone is a fault of the document`(lines: String) {
        #expect(throws: TestFailure.self) {
            try Document(name: "x", text: "```\n\(lines)\n```").exchanges
        }
    }

    @Test(arguments: [
        (#"{"a":1,"b":[1,2]}"#, #"{"b":[1,2],"a":1}"#, true), (#"{"a":1,…}"#, #"{"a":1,"b":2}"#, true),
        (#"{"a":1}"#, #"{"a":1,"b":2}"#, false), (#"{"a":…}"#, #"{"a":[1]}"#, true),
        (#"{"a":…}"#, #"{"b":[1]}"#, false), ("[1,…]", "[1,2,3]", true), ("[1,…]", "[2,3]", false),
        ("[1,2]", "[1,2,3]", false), ("[1,2,…]", "[1]", false),
        (#""no relation…""#, #""no relationship""#, true),
        (#""no relation…""#, #""a relationship""#, false), ("1", "1.0", false), (#""1""#, "1", false),
    ])
    func `a pattern stands for what it shows and for no more`(pattern: String, value: String, fits: Bool)
        throws
    {
        #expect(try (JSONPattern(pattern).difference(from: JSONValue(value)) == nil) == fits)
    }
}
