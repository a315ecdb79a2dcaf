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

/// A value of a TOML document.
package enum TOMLValue: Hashable, Sendable {
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([TOMLValue])
    case table([String: TOMLValue])
    /// A date, a time, or both.
    case moment
}

/// The first thing in a document that is not TOML.
package struct TOMLError: Error, Hashable, Sendable {
    /// From 1.
    package let line: Int
    package let message: String
}

/// Where each key of a document stands.
package struct LineIndex: Sendable {
    private var lines: [[String]: Int] = [:]

    /// From 1: the line of the key, else that of the nearest table around it, else 1.
    package func line(of path: [String]) -> Int {
        var path = path
        while !path.isEmpty {
            if let line = lines[path] { return line }
            path.removeLast()
        }
        return 1
    }

    /// The first place of a key counts.
    mutating func note(_ path: [String], line: Int) {
        if lines[path] == nil { lines[path] = line }
    }
}
