/// Reads a document from its beginning to its end, and stops at the first mistake.
struct TOMLReader {
    /// How deep tables, lists and parts of keys may be nested; a deeper document could overflow the stack.
    static let maxDepth = 64

    var scanner: TOMLScanner
    private(set) var lines = LineIndex()
    private let root = TOMLTable(.header)

    init(_ source: String) {
        scanner = TOMLScanner(source)
    }

    mutating func read() throws(TOMLError) -> [String: TOMLValue] {
        var table = root
        var path: [String] = []
        try scanner.skipLines()
        while scanner.next != nil {
            if scanner.consume("[") {
                (table, path) = try readHeader()
            } else {
                try readPair(in: table, path)
                try scanner.expectLineEnd(after: "a value")
            }
            try scanner.skipLines()
        }
        return root.values
    }

    /// Reads `[a.b]` or `[[a.b]]` after the first bracket; returns the table and its path.
    private mutating func readHeader() throws(TOMLError) -> (TOMLTable, [String]) {
        let isElement = scanner.consume("[")
        let line = scanner.line
        let key = try readKey(below: [])
        guard scanner.consume(isElement ? "]]" : "]") else {
            throw scanner.error(
                "\(scanner.found) in a table's name, which should end with '\(isElement ? "]]" : "]")'")
        }
        try scanner.expectLineEnd(after: "a table's name")
        let table = root.table(reachedBy: key.dropLast())
        guard
            let table = isElement
                ? table?.appendElement(key[key.count - 1]) : table?.openTable(key[key.count - 1])
        else {
            throw TOMLError(
                line: line,
                message: "the table '\(key.joined(separator: "."))' is there already, or is a value")
        }
        return (table, key)
    }

    /// Reads `a."b c".d = value`
    private mutating func readPair(in table: TOMLTable, _ path: [String]) throws(TOMLError) {
        let line = scanner.line
        let key = try readKey(below: path)
        guard scanner.consume("=") else {
            throw scanner.error("\(scanner.found) behind a key, where '=' should follow")
        }
        scanner.skipBlanks()
        let value = try readValue(at: path + key)
        guard let table = table.tableForDottedKey(key.dropLast()), table.add(value, as: key[key.count - 1])
        else {
            throw TOMLError(line: line, message: "'\(key.joined(separator: "."))' is set twice")
        }
    }

    /// Reads `a."b c".d` and the blanks around it; returns its parts, at least one.
    private mutating func readKey(below path: [String]) throws(TOMLError) -> [String] {
        var key: [String] = []
        repeat {
            scanner.skipBlanks()
            let line = scanner.line
            key.append(try readKeyPart())
            guard path.count + key.count <= Self.maxDepth else {
                throw scanner.error("more than \(Self.maxDepth) levels")
            }
            lines.record(path + key, line: line)
            scanner.skipBlanks()
        } while scanner.consume(".")
        return key
    }

    private mutating func readKeyPart() throws(TOMLError) -> String {
        if scanner.consume("\"") { return try readBasicString() }
        if scanner.consume("'") { return try readLiteralString() }
        let part = scanner.consume {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_".unicodeScalars.contains($0))
        }
        guard !part.isEmpty else { throw scanner.error("\(scanner.found) where a key should stand") }
        return part
    }

    mutating func readValue(at path: [String]) throws(TOMLError) -> TOMLValue {
        guard path.count <= Self.maxDepth else { throw scanner.error("more than \(Self.maxDepth) levels") }
        if scanner.consume("[") { return .list(try readElements(at: path)) }
        if scanner.consume("{") { return .table(try readInlineTable(at: path)) }
        return if let text = try readString() { .text(text) } else { try readScalar() }
    }

    /// Reads a list after its `[`, and consumes its `]`.
    private mutating func readElements(at path: [String]) throws(TOMLError) -> [TOMLValue] {
        var elements: [TOMLValue] = []
        try scanner.skipLines()
        while !scanner.consume("]") {
            // A list has no key, but counts as a level.
            elements.append(try readValue(at: path + [""]))
            try expectSeparator(before: "]", in: "a list")
        }
        return elements
    }

    /// Reads an inline table after its `{`, and consumes its `}`.
    private mutating func readInlineTable(at path: [String]) throws(TOMLError) -> [String: TOMLValue] {
        let table = TOMLTable(.header)
        try scanner.skipLines()
        while !scanner.consume("}") {
            try readPair(in: table, path)
            try expectSeparator(before: "}", in: "a table")
        }
        return table.values
    }

    private mutating func expectSeparator(before end: String, in what: String) throws(TOMLError) {
        try scanner.skipLines()
        let hasMore = scanner.consume(",")
        try scanner.skipLines()
        guard hasMore || scanner.next == end.unicodeScalars.first else {
            throw scanner.error("\(scanner.found) in \(what), where ',' or '\(end)' should follow")
        }
    }
}
