/// What a client sent, as an error message repeats it: never longer than a line can bear.
package enum QuotedInput {
    /// The greatest number of Unicode scalars that are repeated. Scalars are counted, since a character may
    /// consist of any number of them; none takes more than 4 bytes of UTF-8.
    private static let maxScalars = 80

    /// Returns `'authors.bookz'`; of a text of more than 80 scalars the first 80 and an ellipsis: `'aaaa…'`.
    package static func quoted(_ text: String) -> String {
        "'\(shortened(text))'"
    }

    /// Returns what ``quoted(_:)-(String)`` does, for UTF-8 text.
    package static func quoted(_ utf8: some Collection<UInt8>) -> String {
        "'\(shortened(utf8))'"
    }

    /// Returns `authors.bookz`, without quotes; of a text of more than 80 scalars the first 80 and an
    /// ellipsis.
    package static func shortened(_ text: String) -> String {
        let head = text.unicodeScalars.prefix(maxScalars)
        return head.endIndex == text.unicodeScalars.endIndex ? text : "\(String(head))…"
    }

    /// Returns what ``shortened(_:)-(String)`` does, for UTF-8 text, of which no more is decoded than is
    /// shown.
    package static func shortened(_ utf8: some Collection<UInt8>) -> String {
        shortened(String(decoding: utf8.prefix(4 * (maxScalars + 1)), as: UTF8.self))
    }
}
