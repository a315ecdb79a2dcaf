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
