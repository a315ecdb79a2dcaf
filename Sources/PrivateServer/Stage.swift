import Foundation
package import LineClient
import MariaDB

/// A private MariaDB with some data, and a daemon in front of it. Both end with this program.
package final class Stage {
    package let server: PrivateServer
    /// Of the data.
    package let database: String
    private var daemon: ChildProcess
    private let directory: String

    package var socketPath: String { directory + "/kindred.sock" }
    package var configPath: String { directory + "/kindred.toml" }
    private var logPath: String { directory + "/kindred.log" }
    private var generalLogPath: String { directory + "/statements.log" }

    /// - Parameters:
    ///   - script: SQL that makes the data.
    ///   - listen: further lines of the daemon's `[listen]`.
    ///   - settings: further lines of the daemon's `[database]`, and what follows it.
    ///   - serverArguments: of `mariadbd`.
    ///   - executable: the path of `kindred`; nil for this program.
    package init(
        database: String, script: String, listen: String = "", settings: String = "",
        serverArguments: [String] = [],
        executable: String? = nil
    ) throws {
        self.database = database
        server = try PrivateServer(arguments: serverArguments)
        try server.client().execute(
            "CREATE DATABASE \(database) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        try server.client(database: database).executeScript(script)
        directory = URL(fileURLWithPath: server.socketPath).deletingLastPathComponent().path
        // Named, so that no password that happens to be in the environment takes its place: root has none here.
        let hasPassword = FileManager.default.createFile(
            atPath: directory + "/password", contents: nil, attributes: [.posixPermissions: 0o600])
        guard hasPassword else { throw PrivateServerError("\(directory) cannot be written into") }
        let config = """
            [listen]
            unix = "\(directory)/kindred.sock"
            \(listen)

            [database]
            socket = "\(server.socketPath)"
            user = "root"
            password_file = "\(directory)/password"
            name = "\(database)"
            \(settings)

            """
        try config.write(toFile: directory + "/kindred.toml", atomically: true, encoding: .utf8)
        // The link itself would mean another program in the shell that guards the daemon.
        let executable =
            try executable ?? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        daemon = try ChildProcess(
            [executable, "serve", "--config", directory + "/kindred.toml"], log: directory + "/kindred.log")
        try waitForDaemon()
    }

    package func client() throws -> LineClient {
        try LineClient(.unix(path: socketPath))
    }

    /// From now on the server writes down every statement that it runs.
    package func startRecording() throws {
        try server.client().execute(
            "SET GLOBAL log_output = 'FILE', general_log_file = '\(generalLogPath)', general_log = ON")
    }

    /// The statements that have run since the recording began.
    package func stopRecording() throws -> [String] {
        try server.client().execute("SET GLOBAL general_log = OFF")
        let log = try String(contentsOfFile: generalLogPath, encoding: .utf8)
        return log.split(separator: "\n").compactMap { line in
            line.range(of: "\tSELECT ").map { String(line[$0.lowerBound...].dropFirst()) }
        }
    }

    package func stop() {
        daemon.send(signal: SIGTERM)
        _ = daemon.waitForExit(within: 10)
        server.stop()
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
