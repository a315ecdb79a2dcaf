import Foundation
import MariaDB
package import PrivateServer

/// A private MariaDB with the bookshop, and a daemon in front of it. Both end with this program.
package final class Stage {
    package static let database = "shop"
    package let database: PrivateServer
    private var daemon: ChildProcess
    private let directory: String

    package var socketPath: String { directory + "/kindred.sock" }
    package var configPath: String { directory + "/kindred.toml" }
    private var logPath: String { directory + "/kindred.log" }
    private var generalLogPath: String { directory + "/statements.log" }

    /// - Parameter executable: the path of `kindred`.
    package init(executable: String) throws {
        database = try PrivateServer()
        let client = try database.client()
        try client.execute(
            "CREATE DATABASE \(Self.database) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        try database.client(database: Self.database).executeScript(Bookshop.script)
        directory = URL(fileURLWithPath: database.socketPath).deletingLastPathComponent().path
        let config = """
            [listen]
            unix = "\(directory)/kindred.sock"

            [database]
            socket = "\(database.socketPath)"
            user = "root"
            name = "\(Self.database)"
            connections = 2

            """
        try config.write(toFile: directory + "/kindred.toml", atomically: true, encoding: .utf8)
        daemon = try ChildProcess(
            [executable, "serve", "--config", directory + "/kindred.toml"], log: directory + "/kindred.log")
        try waitForDaemon()
    }

    package func client() throws -> LineClient {
        try LineClient(.unix(path: socketPath))
    }

    /// From now on the server writes down every statement that it runs.
    package func startRecording() throws {
        try database.client().execute(
            "SET GLOBAL log_output = 'FILE', general_log_file = '\(generalLogPath)', general_log = ON")
    }

    /// The statements that have run since the recording began.
    package func stopRecording() throws -> [String] {
        try database.client().execute("SET GLOBAL general_log = OFF")
        let log = try String(contentsOfFile: generalLogPath, encoding: .utf8)
        return log.split(separator: "\n").compactMap { line in
            line.range(of: "\tSELECT ").map { String(line[$0.lowerBound...].dropFirst()) }
        }
    }

    package func stop() {
        daemon.send(signal: SIGTERM)
        _ = daemon.waitForExit(within: 10)
        database.stop()
    }

    private func waitForDaemon() throws {
        for _ in 0..<2000 {
            if daemon.hasExited() { break }
            if let client = try? client(), (try? client.ask(#"{"op":"ping"}"#)) != nil { return }
            usleep(5_000)
        }
        let log = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
        throw LineClient.Failure("the daemon did not start:\n\(log)")
    }
}
