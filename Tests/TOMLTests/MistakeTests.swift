import TOML
import Testing

/// What is said of a document that is not TOML.
struct MistakeTests {
    @Test(arguments: [
        ("a = 9223372036854775808", "1: '9223372036854775808' does not fit 64 bits"),
        ("a = yes", "1: 'yes' is no number, date, true or false; a text stands in quotes"),
        ("a = 1\n\nb =", "3: the end of the file where a value should stand"),
        ("a = [1,\n 2\nb = 3", "3: 'b' in a list, where ',' or ']' should follow"),
        ("[listen\nunix = 1", "1: the end of the line in a table's name, which should end with ']'"),
        ("[[=]]", "1: '=' where a key should stand"),
        ("a = 1\n[b]\na = 2\na = 3", "4: 'a' is set twice"),
        ("[b]\n[b]", "2: the table 'b' is there already, or is a value"),
        ("a = \"x\nb = 1", "1: the end of the line in a string, which has no closing quote before it"),
        (
            "a = \"\"\"\nx\n",
            "3: the end of the file in a string of several lines, which has no closing quote before it"
        ),
        ("a = \"C:\\dir\"", "1: 'd' behind a backslash, which makes no sign; in '…' a backslash is one"),
        ("a = 1 b = 2", "1: 'b' behind a value, where the line should end"),
        ("a = 2026-11-22T", "1: '2026-11-22T' is no number, date, true or false; a text stands in quotes"),
        ("a = \"\u{0}\"", "1: \\u0000 in a string, which has no closing quote before it"),
    ])
    func `names the line and what was expected`(source: String, expected: String) {
        #expect(throws: TOMLError.self) { try TOMLDocument(source) }
        do { _ = try TOMLDocument(source) } catch { #expect("\(error.line): \(error.message)" == expected) }
    }

    /// A source too long to be printed, and what it consists of.
    struct LongSource: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String

        init(_ start: String, _ unit: String, count: Int, _ end: String = "") {
            testDescription = "\(start)\(unit)… \(count) times…\(end)".replacing("\n", with: "\\n")
            text = start + String(repeating: unit, count: count) + end
        }
    }

    @Test(arguments: [
        LongSource("a=", "[", count: 1_000_000), LongSource("a=", "{a=", count: 300_000),
        LongSource("[", "a.", count: 500_000, "a]"), LongSource("", "a.", count: 500_000, "a=1"),
        LongSource("", "[[a]]\n", count: 100_000, "[["), LongSource("", "[a.b]\n", count: 100_000),
    ])
    func `a source that attacks the stack or the time of its reader is refused`(source: LongSource) {
        #expect(throws: TOMLError.self) { try TOMLDocument(source.text) }
    }
}
