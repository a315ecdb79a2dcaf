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
        let stage = try PrivateDaemon(
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

    // MARK: "Run"

    /// The lines of the section "Run" that are meant to be pasted, without what explains them.
    private func runLines() throws -> [String] {
        let text = try String(contentsOf: readme, encoding: .utf8)
        let start = try #require(text.range(of: "\n## Run\n"))
        let end = try #require(text.range(of: "\n## ", range: start.upperBound..<text.endIndex))
        return text[start.upperBound..<end.lowerBound].split(separator: "\n").filter { $0.hasPrefix("    ") }
            .map { $0.dropFirst(4).split(separator: "   #")[0].trimmingCharacters(in: .whitespaces) }
    }

    private func example() throws -> String {
        let file = readme.deletingLastPathComponent().appendingPathComponent("config/kindred.toml")
        return try String(contentsOf: file, encoding: .utf8)
    }

    @Test func `what Run names and what the example file names is the same`() throws {
        let lines = try runLines().joined(separator: "\n")
        let example = try example()
        #expect(lines.contains("GRANT SELECT ON shop.*") && example.contains("\nname = \"shop\"\n"))
        let secret = "/etc/kindred/database-password"
        #expect(lines.contains(secret) && example.contains("\npassword_file = \"\(secret)\"\n"))
        #expect(lines.contains("--socket /run/kindred/kindred.sock"))
        #expect(example.contains("\nunix = \"/run/kindred/kindred.sock\"\n"))
        #expect(lines.contains("usermod -aG kindred"), "how an application's user may connect")
    }

    /// What Run does without systemd, with the daemon in the foreground.
    private func runScript() throws -> [String] {
        let lines = try runLines()
        let start = try #require(lines.firstIndex { $0.contains("kindred serve") })
        let needed = lines[..<start].filter { !$0.contains("kindred query") } + lines[start...]
        return needed.filter { line in
            !["make", "systemctl", "systemd-", "usermod"].contains { line.contains($0) }
        }
    }

    /// As they stand there, with the places of a test in place of those of a machine.
    @Test func `the commands of Run work in their order`() throws {
        let shop = try BookshopFixture()
        let directory = try DaemonUnderTest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let places = [
            "sudo ": "", "/etc/kindred": directory + "/etc", "/run/kindred": directory + "/run",
            "/run/mysqld/mysqld.sock": shop.server.socketPath, "shop": shop.database, " -o kindred": "",
            "kindred@": "runner@", "user = \"kindred\"": "user = \"runner\"",
            "mariadb -e": "mariadb --no-defaults -S \(shop.server.socketPath) -u root -e",
            "/usr/share/doc/kindred/kindred.toml": directory + "/example.toml",
        ]
        func here(_ text: String) -> String {
            places.sorted { $0.key.count > $1.key.count }.reduce(text) {
                $0.replacingOccurrences(of: $1.key, with: $1.value)
            }
        }
        try here(example().replacingOccurrences(of: "#user =", with: "user ="))
            .write(toFile: directory + "/example.toml", atomically: true, encoding: .utf8)
        let script = try runScript().map(here).map { line in
            line.contains("kindred serve")
                ? line + " & trap \"kill $!\" EXIT; until [ -S \(directory)/run/kindred.sock ]; do :; done"
                : line
        }
        let path = URL(fileURLWithPath: DaemonUnderTest.executable).deletingLastPathComponent().path
        let log = directory + "/log"
        var process = try ChildProcess(
            ["/usr/bin/env", "PATH=\(path):/usr/bin:/bin", "/bin/sh", "-ec", script.joined(separator: "\n")],
            log: log)
        let hasExited = process.waitForExit(within: 60)
        let output = try String(contentsOfFile: log, encoding: .utf8)
        #expect(hasExited && process.status == 0, "\(script.joined(separator: "\n"))\n\(output)")
        #expect(output.contains("[relationships.\"authors.books\"]"), "\(output)")
        #expect(output.contains("all is well"), "\(output)")
        #expect(output.contains("{\"rows\":[{\"id\":"), "\(output)")
    }
}
