import Foundation

/// A part of a file that is made from records of the program: a test compares the two, and `make docs` writes
/// the file.
package struct GeneratedSection {
    /// `make docs` sets it.
    private static let writes =
        ProcessInfo.processInfo.environment["KINDRED_WRITE_DOCUMENTS"].map { !$0.isEmpty } ?? false

    private let path: String
    private let marks: (begin: String, end: String)?

    /// All of a file of the repository.
    package init(_ path: String) {
        self.path = Document.path(path)
        marks = nil
    }

    /// What stands in a document between the lines `<!-- NAME: generated -->` and `<!-- end -->`.
    package init(_ name: String, of path: String) {
        self.path = Document.path(path)
        marks = ("<!-- \(name): generated -->\n", "<!-- end -->\n")
    }

    /// Whether the text stands there; with `KINDRED_WRITE_DOCUMENTS` set it is written there first.
    package func holds(_ text: String) throws -> Bool {
        let file = try String(contentsOfFile: path, encoding: .utf8)
        let section = try range(in: file)
        // Markdown needs an empty line between a comment and a table.
        let text = marks == nil ? text : "\n\(text)\n"
        if file[section] == text { return true }
        guard Self.writes else { return false }
        try file.replacingCharacters(in: section, with: text).write(
            toFile: path, atomically: true, encoding: .utf8)
        return true
    }

    /// What stands there.
    package var text: String {
        get throws {
            let file = try String(contentsOfFile: path, encoding: .utf8)
            return String(file[try range(in: file)])
        }
    }

    private func range(in file: String) throws -> Range<String.Index> {
        guard let marks else { return file.startIndex..<file.endIndex }
        guard let begin = file.range(of: marks.begin),
            let end = file.range(of: marks.end, range: begin.upperBound..<file.endIndex)
        else { throw TestFailure(description: "\(path) has no \(marks.begin)") }
        return begin.upperBound..<end.lowerBound
    }
}
