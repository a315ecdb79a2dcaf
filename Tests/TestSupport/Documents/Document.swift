import Foundation

/// A Markdown document of the repository, as the tests read it.
package struct Document: Sendable, CustomStringConvertible {
    /// A fenced block of code.
    package struct Block: Sendable {
        /// What stands behind the opening fence: `python`, or nothing.
        package let language: String
        package let lines: [String]
        /// The number of the first line in the document, counted from 1.
        package let lineNumber: Int

        package var text: String { lines.joined(separator: "\n") }
    }

    /// A request that a document shows, and the reply that it promises.
    package struct Exchange: Sendable {
        package let request: String
        package let reply: String
        /// The number of the request's line in the document, counted from 1.
        package let lineNumber: Int
    }

    /// The path within the repository: `docs/PROTOCOL.md`.
    package let name: String
    package let text: String

    package var description: String { name }

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    package init(_ name: String) throws {
        self.init(name: name, text: try String(contentsOfFile: Self.path(name), encoding: .utf8))
    }

    package static var all: [Document] {
        get throws {
            let names = try ["", "docs/"].flatMap { folder in
                try FileManager.default.contentsOfDirectory(atPath: path(folder)).map { folder + $0 }
            }
            return try names.filter { $0.hasSuffix(".md") }.sorted().map { try Document($0) }
        }
    }

    /// The path of a file of the repository on this machine.
    package static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().path + "/" + name
    }

    /// What stands below a heading of the second level, up to the next.
    package func section(_ heading: String) throws -> Document {
        guard let start = text.range(of: "\n## \(heading)\n") else {
            throw TestFailure(description: "\(name) has no section \(heading)")
        }
        let end =
            text.range(of: "\n## ", range: start.upperBound..<text.endIndex)?.lowerBound ?? text.endIndex
        return Document(name: name, text: String(text[start.upperBound..<end]))
    }

    package var blocks: [Block] {
        var found: [Block] = []
        var open: (language: String, start: Int)?
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (place, line) in lines.enumerated() where line.hasPrefix("```") {
            if let block = open {
                let content = Array(lines[(block.start)..<place])
                found.append(Block(language: block.language, lines: content, lineNumber: block.start + 1))
                open = nil
            } else {
                open = (String(line.dropFirst(3)), place + 1)
            }
        }
        return found
    }

    /// The requests and replies of all blocks, in their order.
    package var exchanges: [Exchange] {
        get throws { try blocks.filter(\.hasExchanges).flatMap { try exchanges(of: $0) } }
    }

    // > {"id":1,"load":"authors.books","key":42,     a request, which goes on in lines that are indented
    //    "columns":["id"]}
    // < {"id":1,"rows":[{"id":33},…]}                its reply, which does the same
    private func exchanges(of block: Block) throws -> [Exchange] {
        var found: [Exchange] = []
        var (request, reply, start): (String?, String?, Int) = (nil, nil, 0)
        func finish() throws {
            if request == nil, reply == nil { return }
            guard let request, let reply else {
                throw TestFailure(description: "\(name):\(start): a request or a reply stands alone")
            }
            found.append(Exchange(request: request, reply: reply, lineNumber: start))
        }
        for (place, line) in block.lines.enumerated() {
            switch line.prefix(2) {
            case "> ":
                try finish()
                (request, reply, start) = (String(line.dropFirst(2)), nil, block.lineNumber + place)
            case "< " where request != nil && reply == nil: reply = String(line.dropFirst(2))
            case "  ":
                let rest = line.trimmingCharacters(in: .whitespaces)
                if reply == nil { request?.append(rest) } else { reply?.append(rest) }
            case "", "# ": break
            default:
                throw TestFailure(
                    description: "\(name):\(block.lineNumber + place): neither a request nor a reply")
            }
        }
        try finish()
        return found
    }
}

extension Document.Block {
    fileprivate var hasExchanges: Bool { lines.contains { $0.hasPrefix("> ") || $0.hasPrefix("< ") } }
}
