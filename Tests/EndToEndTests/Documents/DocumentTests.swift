import Foundation
import LineClient
import PrivateServer
import TestSupport
import Testing

/// What the documents say that can be compared with the program, and with one another.
@Suite struct DocumentTests {
    @Test func `README is as long as somebody reads who has just come`() throws {
        #expect(
            try Document("README.md").text.split(separator: "\n", omittingEmptySubsequences: false).count
                <= 151)
    }

    // MARK: Links

    /// Links within the repository: a path, a heading, or both.
    private func links(_ document: Document) -> [(path: String, heading: String)] {
        document.text.matches(of: /\]\(([^)\s]*)\)/).map { String($0.1) }
            .filter { !$0.contains("://") }
            .map { link in
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            }
    }

    /// `## What `stats` says` → `what-stats-says`, as GitHub makes it.
    private func headings(_ document: Document) -> Set<String> {
        let lines = document.text.split(separator: "\n").filter { $0.hasPrefix("#") }
        return Set(
            lines.map { line in
                line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
                    .filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
                    .replacingOccurrences(of: " ", with: "-")
            })
    }

    private func brokenLinks(_ document: Document) throws -> [String] {
        let folder = document.name.hasPrefix("docs/") ? "docs/" : ""
        return try links(document).compactMap { link in
            let path = link.path.isEmpty ? document.name : folder + link.path
            guard FileManager.default.fileExists(atPath: Document.path(path)) else { return link.path }
            if link.heading.isEmpty { return nil }
            let target = try link.path.isEmpty ? document : Document(path)
            return headings(target).contains(link.heading) ? nil : "\(link.path)#\(link.heading)"
        }
    }

    @Test(arguments: try Document.all)
    func `links lead to files and headings that are there`(document: Document) throws {
        #expect(try brokenLinks(document) == [])
    }

    @Test func `a link that leads nowhere is found`() throws {
        let text =
            "# One `two` three\n[a](#one-two-three) [b](#two) [c](README.md) [d](READYOU.md) [e](docs/CLIENTS.md#c)"
        #expect(
            try brokenLinks(Document(name: "README.md", text: text)) == [
                "#two", "READYOU.md", "docs/CLIENTS.md#c",
            ])
    }

    // MARK: What a contributor looks for

    /// The Swift files below a folder: their names from there on, and their texts.
    private func swiftFiles(in folder: String) throws -> [(name: String, text: String)] {
        let root = Document.path(folder)
        let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }
            .map { ($0, try String(contentsOfFile: root + "/" + $0, encoding: .utf8)) }
    }

    /// Every Swift file below Sources, one after another.
    private func sources() throws -> String {
        try swiftFiles(in: "Sources").map(\.text).joined(separator: "\n")
    }

    /// `swift format` has a look at the width of code only.
    @Test(arguments: ["Sources", "Tests"])
    func `comments are no wider than code may be`(folder: String) throws {
        let files = try swiftFiles(in: folder)
        #expect(files.count > 50)
        for (name, text) in files {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for (number, line) in lines.enumerated() where line.count > 110 {
                let isComment = line.drop { $0 == " " }.hasPrefix("//")
                #expect(!isComment, "\(folder)/\(name):\(number + 1) has \(line.count) characters")
            }
        }
    }

    @Test(arguments: ["CONTRIBUTING.md", "docs/ARCHITECTURE.md"])
    func `types that a document names are in the sources`(name: String) throws {
        let sources = try sources()
        let declared = sources.matches(of: /(?:struct|enum|class|protocol|typealias) +([A-Z]\w*)/)
        let types = Set(declared.map { String($0.1) })
        let targets = try FileManager.default.contentsOfDirectory(atPath: Document.path("Sources"))
        let named = try Document(name).text.matches(of: /`([A-Z][A-Za-z]*[a-z][A-Za-z]*)`/).map {
            String($0.1)
        }
        #expect(!named.isEmpty)
        #expect(Set(named).subtracting(types.union(targets)).isEmpty)
    }

    // MARK: What an operator meets

    /// The texts in backticks in the first cells of a table's rows.
    private func firstCells(_ text: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("| `") }.flatMap { row in
            row.split(separator: " | ")[0].matches(of: /`([^`]*)`/).map { String($0.1) }
        }
    }

    @Test func `the members of stats are those that the document explains`() throws {
        let shop = try BookshopFixture()
        let reply = try JSONValue(shop.daemon.client().ask(#"{"op":"stats"}"#))
        let members = try #require(reply["stats"]).members.map(\.name)
        let explained = firstCells(try GeneratedSection("metrics", of: "docs/OPERATIONS.md").text)
        #expect(Set(explained) == Set(members))
        #expect(explained.count == Set(explained).count)
    }

    @Test func `the lines of the log that the document explains are in the sources`() throws {
        let sources = try sources()
        let lines = firstCells(try Document("docs/OPERATIONS.md").section("What the log says").text)
        #expect(lines.count >= 40)
        for line in lines {
            // The parts that do not vary: `database server … is well again`
            let parts = line.split(separator: "…").map { $0.trimmingCharacters(in: .whitespaces) }
            for part in parts where part.count > 1 {
                let isThere = sources.contains(part)
                #expect(isThere, "'\(line)': no source says '\(part)'")
            }
        }
    }
}
