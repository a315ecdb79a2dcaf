/// What a client sent, as an error message repeats it: in quotes, and never longer than a line can bear.
package enum Excerpt {
    private static let longest = 80

    /// `'authors.bookz'`; of more than 80 characters the first 80 and an ellipsis.
    package static func quoted(_ text: String) -> String {
        "'\(head(of: text))'"
    }

    /// `authors.bookz`, without quotes.
    package static func head(of text: String) -> String {
        let head = text.unicodeScalars.prefix(longest)
        return head.endIndex == text.unicodeScalars.endIndex ? text : "\(String(head))…"
    }
}
