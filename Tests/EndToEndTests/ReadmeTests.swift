import Demo
import Foundation
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// The clients in the README, as they stand there, against the bookshop.
@Suite(.serialized) struct ReadmeTests {
    private let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("README.md")

    private func block(_ language: String) throws -> String {
        let text = try String(contentsOf: readme, encoding: .utf8)
        let start = try #require(text.range(of: "```\(language)\n"), "README has no \(language) block")
        let end = try #require(text.range(of: "\n```", range: start.upperBound..<text.endIndex))
        return String(text[start.upperBound..<end.lowerBound])
    }

    /// What the client prints, line by line.
    private func run(_ program: String, _ flag: String, _ language: String, socket: String) throws -> [String]
    {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [program, flag, try block(language)] + (program == "sh" ? ["client"] : []) + [socket]
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func `each client prints what the database has`() throws {
        let stage = try Stage(
            database: "shop", script: Bookshop.script, settings: "connections = 2",
            executable: DaemonUnderTest.executable)
        defer { stage.stop() }
        let shop = try stage.server.client(database: stage.database)
        let expected = try shop.strings(
            """
            SELECT CONCAT(b.title, ' by ', a.name) FROM books b JOIN authors a ON a.id = b.author_id
            WHERE a.id = 42 ORDER BY b.id
            """
        ).compactMap { $0[0] }
        #expect(!expected.isEmpty)
        #expect(try run("python3", "-c", "python", socket: stage.socketPath) == expected)
        #expect(try run("perl", "-e", "perl", socket: stage.socketPath) == expected)
        let lines = try run("sh", "-c", "sh", socket: stage.socketPath)
        #expect(lines.count == 3)
        #expect(lines.contains { $0.hasPrefix(#"{"id":42,"rows":[{"id":"#) })
    }
}
