/// Reads a document once from its beginning to its end, and stops at the first mistake.
struct TOMLReader {
    /// Tables, lists and parts of keys within one another; beyond it a document is an attack on the stack.
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
            if scanner.take("[") {
                (table, path) = try header()
            } else {
                try pair(in: table, path)
                try scanner.endLine(after: "a value")
            }
            try scanner.skipLines()
        }
        return root.values
    }

    /// `[a.b]` or `[[a.b]]`, from behind the first bracket: the table, and where it is.
    private mutating func header() throws(TOMLError) -> (TOMLTable, [String]) {
        let isElement = scanner.take("[")
        let line = scanner.line
        let key = try key(below: [])
        guard scanner.take(isElement ? "]]" : "]") else {
            throw scanner.error(
                "\(scanner.found) in a table's name, which should end with '\(isElement ? "]]" : "]")'")
        }
        try scanner.endLine(after: "a table's name")
        let table = root.reached(by: key.dropLast())
        guard let table = isElement ? table?.appended(key[key.count - 1]) : table?.opened(key[key.count - 1])
        else {
            throw TOMLError(
                line: line,
                message: "the table '\(key.joined(separator: "."))' is there already, or is a value")
        }
        return (table, key)
    }

    /// `a."b c".d = value`
    private mutating func pair(in table: TOMLTable, _ path: [String]) throws(TOMLError) {
        let line = scanner.line
        let key = try key(below: path)
        guard scanner.take("=") else {
            throw scanner.error("\(scanner.found) behind a key, where '=' should follow")
        }
        scanner.skipBlanks()
        let value = try value(at: path + key)
        guard let table = table.dotted(key.dropLast()), table.add(value, as: key[key.count - 1]) else {
            throw TOMLError(line: line, message: "'\(key.joined(separator: "."))' is set twice")
        }
    }

    /// `a."b c".d` and the blanks around it: its parts, never none.
    private mutating func key(below path: [String]) throws(TOMLError) -> [String] {
        var key: [String] = []
        repeat {
            scanner.skipBlanks()
            let line = scanner.line
            key.append(try keyPart())
            guard path.count + key.count <= Self.maxDepth else {
                throw scanner.error("more than \(Self.maxDepth) levels")
            }
            lines.note(path + key, line: line)
            scanner.skipBlanks()
        } while scanner.take(".")
        return key
    }

    private mutating func keyPart() throws(TOMLError) -> String {
        if scanner.take("\"") { return try basicString() }
        if scanner.take("'") { return try literalString() }
        let part = scanner.take {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_".unicodeScalars.contains($0))
        }
        guard !part.isEmpty else { throw scanner.error("\(scanner.found) where a key should stand") }
        return part
    }

    mutating func value(at path: [String]) throws(TOMLError) -> TOMLValue {
        guard path.count <= Self.maxDepth else { throw scanner.error("more than \(Self.maxDepth) levels") }
        if scanner.take("[") { return .list(try elements(at: path)) }
        if scanner.take("{") { return .table(try inlineTable(at: path)) }
        return if let text = try string() { .text(text) } else { try scalar() }
    }

    /// From behind `[` to behind `]`.
    private mutating func elements(at path: [String]) throws(TOMLError) -> [TOMLValue] {
        var elements: [TOMLValue] = []
        try scanner.skipLines()
        while !scanner.take("]") {
            // A list has no key, and is a level all the same.
            elements.append(try value(at: path + [""]))
            try separate(before: "]", in: "a list")
        }
        return elements
    }

    /// From behind `{` to behind `}`.
    private mutating func inlineTable(at path: [String]) throws(TOMLError) -> [String: TOMLValue] {
        let table = TOMLTable(.header)
        try scanner.skipLines()
        while !scanner.take("}") {
            try pair(in: table, path)
            try separate(before: "}", in: "a table")
        }
        return table.values
    }

    private mutating func separate(before end: String, in what: String) throws(TOMLError) {
        try scanner.skipLines()
        let hasMore = scanner.take(",")
        try scanner.skipLines()
        guard hasMore || scanner.next == end.unicodeScalars.first else {
            throw scanner.error("\(scanner.found) in \(what), where ',' or '\(end)' should follow")
        }
    }
}
