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
    func `a mistyped name suggests the names that were probably meant`(typed: String, expected: [String]) {
        #expect(Suggestion.names(to: typed, among: Self.known, limit: 3) == expected)
    }

    @Test func `the nearest names come first, and equally near ones by name`() {
        let names = Suggestion.names(
            to: "tables", among: ["fables", "tabled", "tablets", "cable", "table"], limit: 3)
        #expect(names == ["fables", "table", "tabled"])
    }

    @Test func `the hint is the end of an error message`() {
        #expect(Suggestion.hint(to: "authors.bookz", among: Self.known) == "; did you mean 'authors.books'?")
        #expect(Suggestion.hint(to: "nothing.like", among: Self.known) == "")
    }

    @Test func `input is quoted, and cut after eighty characters`() {
        #expect(QuotedInput.quoted("a.b") == "'a.b'")
        #expect(QuotedInput.quoted(String(repeating: "é", count: 80)).hasSuffix("é'"))
        #expect(QuotedInput.quoted(String(repeating: "é", count: 81)).hasSuffix("é…'"))
    }
}
