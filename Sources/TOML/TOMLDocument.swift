/// A TOML document: https://toml.io/en/v1.0.0
///
/// An inline table may go over several lines and end with a comma, as in TOML 1.1.
package struct TOMLDocument: Sendable {
    package let members: [String: TOMLValue]
    package let lines: LineIndex

    package init(_ source: String) throws(TOMLError) {
        var reader = TOMLReader(source)
        members = try reader.read()
        lines = reader.lines
    }
}
