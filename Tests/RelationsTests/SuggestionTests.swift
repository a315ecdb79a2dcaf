import Relations
import Testing

struct SuggestionTests {
    private static let known = ["authors.books", "books.author", "books.tags", "tags.books", "id", "op"]

    @Test(arguments: [
        ("authors.bookz", ["authors.books"]), ("authros.books", ["authors.books"]),
        ("Authors.Books", ["authors.books"]),
        ("author.books", ["authors.books"]), ("books.tgas", ["books.tags"]), ("di", ["id"]), ("xy", []),
        ("orders.lines", []), ("", []),
    ])
    func `finds what was meant`(typed: String, expected: [String]) {
        #expect(Suggestion.names(to: typed, among: Self.known, limit: 3) == expected)
    }

    @Test func `the nearest come first, and of equals the first by name`() {
        let names = Suggestion.names(
            to: "tables", among: ["fables", "tabled", "tablets", "cable", "table"], limit: 3)
        #expect(names == ["fables", "table", "tabled"])
    }

    @Test func `the hint is the end of a sentence`() {
        #expect(Suggestion.hint(to: "authors.bookz", among: Self.known) == "; did you mean 'authors.books'?")
        #expect(Suggestion.hint(to: "nothing.like", among: Self.known) == "")
    }

    @Test func `what a client sent is quoted and cut`() {
        #expect(QuotedInput.quoted("a.b") == "'a.b'")
        #expect(QuotedInput.quoted(String(repeating: "é", count: 80)).hasSuffix("é'"))
        #expect(QuotedInput.quoted(String(repeating: "é", count: 81)).hasSuffix("é…'"))
    }
}
