import Foundation
import Testing

/// Where systemd is installed, its own tools check the units.
@Suite(
    .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze"), "needs systemd-analyze")
)
struct SystemdUnitTests {
    private let units = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("systemd")

    private func analyze(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/systemd-analyze")
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test func `systemd-analyze security rates the service below 2 of 10`() throws {
        let path = units.appendingPathComponent("kindred.service").path
        let (status, output) = try analyze("security", "--offline=true", "--threshold=20", path)
        #expect(status == 0, "\(output)")
    }

    @Test func `the service pulls in its socket, stops with it, and may always be started again`()
        throws
    {
        let text = try String(contentsOf: units.appendingPathComponent("kindred.service"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        for line in ["Wants=kindred.socket", "PartOf=kindred.socket", "StartLimitIntervalSec=0"] {
            #expect(lines.contains { $0 == line }, "\(line)")
        }
        #expect(
            !lines.contains { $0.hasPrefix("LoadCredential") },
            "a credential whose file is missing ends a start in words of systemd's, before kindred has its own"
        )
    }

    @Test func `systemd-analyze verify accepts the units`() throws {
        // `verify` requires that ExecStart's program exists, so it is replaced by another one.
        let copies = FileManager.default.temporaryDirectory.appendingPathComponent(
            "kindred-units-\(getpid())")
        try FileManager.default.createDirectory(at: copies, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: copies) }
        for name in ["kindred.service", "kindred.socket"] {
            let text = try String(contentsOf: units.appendingPathComponent(name), encoding: .utf8)
            try text.replacingOccurrences(of: "/usr/bin/kindred", with: "/bin/true")
                .write(to: copies.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        let paths = ["kindred.service", "kindred.socket"].map { copies.appendingPathComponent($0).path }
        let (status, output) = try analyze("verify", "--man=no", paths[0], paths[1])
        #expect(status == 0, "\(output)")
        #expect(output.isEmpty)
    }
}
