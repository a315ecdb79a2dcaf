import Foundation
package import LineClient
import MariaDB

/// A private database server with some data, and a kindred daemon in front of it. Both end with this program.
package final class PrivateDaemon {
    package let server: PrivateServer
    /// The name of the database that holds the data.
    package let database: String
    private var process: ChildProcess
    private let directory: String

    package var socketPath: String { directory + "/kindred.sock" }
    package var configPath: String { directory + "/kindred.toml" }
    private var logPath: String { directory + "/kindred.log" }
    private var generalLogPath: String { directory + "/statements.log" }

    /// - Parameters:
    ///   - program: Which server; nil for the one that `KINDRED_SERVER` names.
    ///   - script: SQL that creates the data.
    ///   - listen: Further lines of the daemon's `[listen]`.
    ///   - settings: Further lines of the daemon's `[database]`, and any tables after it.
    ///   - serverArguments: Further arguments of the server.
    ///   - executable: The path of `kindred`; nil for this program.
    package init(
        _ program: ServerProgram? = nil, database: String, script: String, listen: String = "",
        settings: String = "",
        serverArguments: [String] = [],
        executable: String? = nil
    ) throws {
        self.database = database
        server = try PrivateServer(program, arguments: serverArguments)
        try server.client().execute(
            "CREATE DATABASE \(database) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        try server.client(database: database).executeScript(script)
        directory = URL(fileURLWithPath: server.socketPath).deletingLastPathComponent().path
        // An empty password from a file, so that one that happens to be in the environment is not used.
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
        let executable = try executable ?? PrivateDaemon.ownExecutable()
        process = try ChildProcess(
            [executable, "serve", "--config", directory + "/kindred.toml"], log: directory + "/kindred.log")
        try waitForDaemon()
    }

    /// The path of the running program. Within the shell that guards the daemon, the link that is read here
    /// would mean the shell.
    package static func ownExecutable() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    package func client() throws -> LineClient {
        try LineClient(.unix(path: socketPath))
    }

    /// Lets the server write every statement that it runs into a file.
    package func startRecording() throws {
        try server.client().execute(
            "SET GLOBAL log_output = 'FILE', general_log_file = '\(generalLogPath)', general_log = ON")
    }

    /// Ends the recording, and returns the queries that have run since it began.
    package func stopRecording() throws -> [String] {
        try server.client().execute("SET GLOBAL general_log = OFF")
        let log = try String(contentsOfFile: generalLogPath, encoding: .utf8)
        return log.split(separator: "\n").compactMap { line in
            line.range(of: "\tSELECT ").map { String(line[$0.lowerBound...].dropFirst()) }
        }
    }

    package func stop() {
        process.send(signal: SIGTERM)
        _ = process.waitForExit(within: 10)
        server.stop()
    }

    private func waitForDaemon() throws {
        for _ in 0..<2000 {
            if process.hasExited() { break }
            if let client = try? client(), (try? client.ask(#"{"op":"ping"}"#)) != nil { return }
            usleep(5_000)
        }
        let log = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
        throw LineClient.Failure("the daemon did not start:\n\(log)")
    }
}
