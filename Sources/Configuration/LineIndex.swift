/// Where each key of a TOML document stands, which the TOML library does not tell.
///
/// Made for documents that the library has accepted: a wrong one gives a wrong index, but always an end.
struct LineIndex {
    private var lines: [[String]: Int] = [:]
    /// The first mistake at which TOMLKit does not tell an error, but stops the program.
    private(set) var trap: Trap?

    struct Trap {
        let line: Int
        let message: String
    }

    init(_ source: String) {
        var scanner = TOMLScanner(source)
        var table: [String] = []
        while scanner.skipBlanksAndComments() {
            if scanner.take("[") {
                _ = scanner.take("[")
                scanner.skipBlanks()
                if !scanner.isBeforeName { note("a table's name was expected behind '['", scanner) }
                table = []
                table = key(in: table, &scanner)
                while scanner.take("]") {}
            } else {
                pair(in: table, &scanner)
            }
        }
    }

    /// From 1: the line of the key, else that of the nearest table around it, else 1.
    func line(of path: [String]) -> Int {
        var path = path
        while !path.isEmpty {
            if let line = lines[path] { return line }
            path.removeLast()
        }
        return 1
    }

    /// `a."b.c".d` below a table: notes every prefix that is new.
    private mutating func key(in table: [String], _ scanner: inout TOMLScanner) -> [String] {
        var path = table
        repeat {
            scanner.skipBlanks()
            path.append(scanner.takeKeyPart())
            if lines[path] == nil { lines[path] = scanner.line }
            scanner.skipBlanks()
        } while scanner.take(".")
        return path
    }

    /// `key = value`
    private mutating func pair(in table: [String], _ scanner: inout TOMLScanner) {
        let path = key(in: table, &scanner)
        guard scanner.take("=") else { return scanner.skipLine() }
        value(of: path, &scanner)
    }

    private mutating func value(of path: [String], _ scanner: inout TOMLScanner) {
        scanner.skipBlanks()
        if scanner.take("[") {
            while scanner.skipSeparators(), !scanner.take("]") { value(of: path, &scanner) }
        } else if scanner.take("{") {
            while scanner.skipSeparators(), !scanner.take("}") { pair(in: path, &scanner) }
        } else {
            if scanner.isBeforeBrace { note("a value was expected, not '}'", scanner) }
            if scanner.isBeforeBrokenMoment { note("a time was expected behind a date", scanner) }
            scanner.skipScalar()
        }
    }

    private mutating func note(_ message: String, _ scanner: TOMLScanner) {
        trap = trap ?? Trap(line: scanner.line, message: message)
    }
}
