/// A TOML 1.0 document: https://toml.io/en/v1.0.0. As in TOML 1.1, an inline table may span several lines and
/// end with a comma.
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
    /// A date, a time, or both; which one is not kept, because no setting is of this type.
    case dateTime
}

/// The first mistake in a document.
package struct TOMLError: Error, Hashable, Sendable {
    /// From 1.
    package let line: Int
    package let message: String
}

/// The line on which each key of a document stands.
package struct LineIndex: Sendable {
    private var lines: [[String]: Int] = [:]

    /// The line of a key, counted from 1; if there is no such key, the line of the nearest table around it,
    /// else 1.
    package func line(of path: [String]) -> Int {
        var path = path
        while !path.isEmpty {
            if let line = lines[path] { return line }
            path.removeLast()
        }
        return 1
    }

    /// Records the line of a key; of several places the first counts.
    mutating func record(_ path: [String], line: Int) {
        if lines[path] == nil { lines[path] = line }
    }
}
