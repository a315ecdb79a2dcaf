import Foundation
package import LineClient
package import PrivateServer
import Synchronization

/// `kindred serve` as its users start it: the program that was built beside the tests, with a configuration file in a
/// directory of its own. It ends with this object, or with the tests.
package final class DaemonUnderTest: Sendable {
    package let directory: String
    private let process: Mutex<ChildProcess>
    private let databasePlace: String
    private let user: String
    private let start: @Sendable () throws -> ChildProcess

    package let socketPath: String
    package var configPath: String { directory + "/kindred.toml" }
    private var logPath: String { directory + "/log" }

    /// Beside the test binary.
    package static var executable: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().path + "/kindred"
    }

    /// - Parameters:
    ///   - settings: what stands in the file after `[listen]` and `[database]`.
    ///   - databasePlace: the settings that say where it finds the server; nil for the server's own socket.
    ///   - user: as whom it comes, without a password.
    ///   - activation: a listening socket that it is given, as a service manager does, and its path.
    ///   - launcher: the command that turns into the daemon, which it finds in its last arguments.
    ///   - log: where it writes its log, if not into a file of its own.
    ///   - leavingDeadSocket: its socket's path is taken by a file that a crashed predecessor left.
    package init(
        _ server: PrivateServer, database: String, settings: String = "", listen: String = "",
        databasePlace: String? = nil, user: String = "root", environment: [String: String] = [:],
        leavingDeadSocket: Bool = false, activation: (descriptor: Int32, path: String)? = nil,
        launcher: [String] = [], log: String? = nil
    ) throws {
        let directory = try Self.makeDirectory()
        self.directory = directory
        socketPath = activation?.path ?? directory + "/k"
        self.databasePlace = databasePlace ?? Self.ownPlace(server)
        self.user = user
        let command =
            launcher + (activation == nil ? [] : Self.activator) + [
                Self.executable, "serve", "--config", directory + "/kindred.toml",
            ]
        start = {
            try ChildProcess(
                command, environment: Self.noPassword.merging(environment) { $1 }, removing: directory,
                passing: activation?.descriptor,
                log: log ?? directory + "/log")
        }
        try Self.configuration(
            in: directory, self.databasePlace, user: user, database: database, settings: settings,
            listen: listen
        )
        .write(toFile: directory + "/kindred.toml", atomically: true, encoding: .utf8)
        if leavingDeadSocket { close(try UnixSocket.bind(directory + "/k")) }
        process = Mutex(try start())
        try waitUntilReady()
    }

    /// Whoever runs the tests may have a password in the environment, which is for a server of theirs.
    private static let noPassword = ["KINDRED_DATABASE_PASSWORD": ""]

    /// sd_listen_fds(3)
    package static let activator = [
        "/bin/sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&4 4<&-",
    ]

    /// Ends it and starts it again; returns its exit status.
    package func restart(by number: Int32 = SIGTERM) throws -> Int32? {
        signal(number)
        let status = waitForExit()
        let next = try start()
        process.withLock { $0 = next }
        try waitUntilReady()
        return status
    }

    deinit {
        signal(SIGKILL)
        _ = process.withLock { $0.waitForExit(within: 30) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Replaces the configuration file; nobody reads it before SIGHUP.
    package func rewrite(database: String, settings: String) throws {
        try Self.configuration(
            in: directory, databasePlace, user: user, database: database, settings: settings
        )
        .write(toFile: configPath, atomically: true, encoding: .utf8)
    }

    package static func configuration(
        in directory: String, _ server: PrivateServer, database: String, settings: String
    ) -> String {
        configuration(in: directory, ownPlace(server), user: "root", database: database, settings: settings)
    }

    private static func ownPlace(_ server: PrivateServer) -> String {
        "socket = \"\(server.socketPath)\""
    }

    private static func configuration(
        in directory: String, _ databasePlace: String, user: String, database: String, settings: String,
        listen: String = ""
    ) -> String {
        """
        [listen]
        unix = "\(directory)/k"
        \(listen)

        [database]
        \(databasePlace)
        user = "\(user)"
        name = "\(database)"
        connections = 4

        \(settings)

        """
    }

    package func client(patience seconds: Int = 60) throws -> LineClient {
        let client = try LineClient(.unix(path: socketPath))
        client.setPatience(seconds: seconds)
        return client
    }

    /// The reply to one line, on a connection of its own.
    package func ask(_ line: String) throws -> JSONValue {
        try JSONValue(try client().ask(line))
    }

    /// What it has written so far.
    package var log: String {
        (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
    }

    /// Its log is written beside what it does.
    package func waitForLog(_ text: String) throws {
        try eventually("the log says '\(text)'") { log.contains(text) }
    }

    package var hasExited: Bool { process.withLock { $0.hasExited() } }

    /// Of memory that it holds now, in KiB.
    package func residentKilobytes() throws -> Int { try kilobytes("VmRSS:") }

    /// Of address space that it has, in KiB.
    package func virtualKilobytes() throws -> Int { try kilobytes("VmSize:") }

    /// A line of its `status`, proc(5).
    private func kilobytes(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int($0.dropFirst(name.count).filter(\.isNumber)) } ?? 0
    }

    /// Sets one of its limits while it runs, by the name that prlimit(1) has for it.
    package func limit(_ resource: String, to value: Int) throws {
        let prlimit = try Process.run(
            URL(fileURLWithPath: "/usr/bin/prlimit"),
            arguments: ["--pid", "\(processID)", "--\(resource)=\(value):\(value)"])
        prlimit.waitUntilExit()
        guard prlimit.terminationStatus == 0 else {
            throw NeverHappened(description: "prlimit does not set \(resource)")
        }
    }

    package var processID: Int32 { process.withLock(\.pid) }

    /// How many descriptors it has open.
    package func openFiles() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/fd").count
    }

    /// Of processor time that it has used: `utime` and `stime` of proc(5), in seconds.
    package func processorSeconds() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
        let fields = text.drop { $0 != ")" }.split(separator: " ")
        let ticks = fields[12...13].compactMap { Double($0) }.reduce(0, +)
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// A number of its `stats`.
    package func stat(_ name: String) throws -> Int? {
        try ask(#"{"op":"stats"}"#)["stats"]?[name]?.number.flatMap { Int($0) }
    }

    package func signal(_ number: Int32) {
        process.withLock { $0.send(signal: number) }
    }

    /// Its exit status, or 128 and the number of the signal that ended it; nil if it lives on.
    package func waitForExit(within seconds: Int = 60) -> Int32? {
        process.withLock { $0.waitForExit(within: seconds) ? $0.status : nil }
    }

    package func waitUntilReady() throws {
        do {
            try eventually("the daemon answers a ping", within: .seconds(60)) {
                if hasExited { throw NeverHappened(description: "the daemon has ended") }
                guard let client = try? client() else { return false }
                return (try? client.ask(#"{"op":"ping"}"#)) != nil
            }
        } catch {
            throw NeverHappened(description: "\(error); its log:\n\(log)")
        }
    }

    /// Runs another command of the program to its end.
    package static func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32?, output: String) {
        let directory = try makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var process = try ChildProcess(
            [executable] + arguments, environment: noPassword.merging(environment) { $1 },
            log: directory + "/out")
        _ = process.waitForExit(within: 60)
        process.send(signal: SIGKILL)
        return (process.status, try String(contentsOfFile: directory + "/out", encoding: .utf8))
    }

    /// Binding makes the file, and closing leaves it there.
    package static func makeDirectory() throws -> String {
        try makeTemporaryDirectory()
    }
}
