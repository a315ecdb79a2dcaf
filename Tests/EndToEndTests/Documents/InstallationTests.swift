import Demo
import Foundation
import MariaDB
import PrivateServer
import TestSupport
import Testing

/// The commands with which README has kindred installed and started.
@Suite struct InstallationTests {
    /// The lines of README's section "Install" that are meant to be pasted, without what explains them.
    private func commands() throws -> [String] {
        try Document("README.md").section("Install").blocks.filter { $0.language == "console" }.flatMap(
            \.lines
        )
        .map { $0.split(separator: "   #")[0].trimmingCharacters(in: .whitespaces) }
    }

    private func example() throws -> String {
        try String(contentsOfFile: Document.path("config/kindred.toml"), encoding: .utf8)
    }

    @Test func `what README names and what the example file names is the same`() throws {
        let lines = try commands().joined(separator: "\n")
        let example = try example()
        #expect(lines.contains("GRANT SELECT ON shop.*") && example.contains("\nname = \"shop\"\n"))
        let secret = "/etc/kindred/database-password"
        #expect(lines.contains(secret) && example.contains("\npassword_file = \"\(secret)\"\n"))
        #expect(lines.contains("--socket /run/kindred/kindred.sock"))
        #expect(example.contains("\nunix = \"/run/kindred/kindred.sock\"\n"))
        #expect(lines.contains("usermod -aG kindred"), "how an application's user may connect")
    }

    /// What README does without systemd, with the daemon in the foreground.
    private func foregroundScript() throws -> [String] {
        let lines = try commands()
        let start = try #require(lines.firstIndex { $0.contains("kindred serve") })
        let needed = lines[..<start].filter { !$0.contains("kindred query") } + lines[start...]
        return needed.filter { line in
            !["make", "systemctl", "systemd-", "usermod"].contains { line.contains($0) }
        }
    }

    /// As they stand there, with the places of a test in place of those of a machine.
    @Test func `the commands of README work in their order`() throws {
        let shop = try BookshopFixture()
        let directory = try makeTestDirectory()
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
        let script = try foregroundScript().map(here).map { line in
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
