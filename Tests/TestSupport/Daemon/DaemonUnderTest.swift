import Foundation
package import LineClient
package import PrivateServer
import Synchronization

/// A running `kindred serve`: the program that was built with the tests, with a configuration file in a
/// directory of its own. It ends with this object, or with the tests.
package final class DaemonUnderTest: Sendable {
    package let directory: String
    private let process: Mutex<ChildProcess>
    private let databaseAddress: String
    private let user: String
    private let start: @Sendable () throws -> ChildProcess

    package let socketPath: String
    package var configPath: String { directory + "/kindred.toml" }
    private var logPath: String { directory + "/log" }

    /// The path of the program, which is beside the test binary.
    package static var executable: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().path + "/kindred"
    }

    /// - Parameters:
    ///   - settings: lines of the file after those of `[listen]` and `[database]`; lines before a table
    ///     header belong to the latter.
    ///   - listen: further lines of `[listen]`.
    ///   - databaseAddress: the settings of `[database]` that name the server; nil for the server's own
    ///     socket.
    ///   - user: the account of the database; it has no password.
    ///   - activation: a listening socket that is passed as a service manager does, and its path.
    ///   - launcher: a command that executes the daemon, whose command line is appended to it.
    ///   - log: the path of the log, if it is not to be a file in the daemon's directory.
    ///   - leavingDeadSocket: whether a socket file as a crashed daemon leaves it is at the daemon's path.
    package init(
        _ server: PrivateServer, database: String, settings: String = "", listen: String = "",
        databaseAddress: String? = nil, user: String = "root", environment: [String: String] = [:],
        leavingDeadSocket: Bool = false, activation: (descriptor: Int32, path: String)? = nil,
        launcher: [String] = [], log: String? = nil
    ) throws {
        let directory = try makeTestDirectory()
        self.directory = directory
        socketPath = activation?.path ?? directory + "/k"
        self.databaseAddress = databaseAddress ?? Self.socketSetting(server)
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
            in: directory, self.databaseAddress, user: user, database: database, settings: settings,
            listen: listen
        )
        .write(toFile: directory + "/kindred.toml", atomically: true, encoding: .utf8)
        if leavingDeadSocket { close(try UnixSocket.bind(directory + "/k")) }
        process = Mutex(try start())
        try waitUntilReady()
    }

    /// Hides a password in the environment of the person who runs the tests.
    private static let noPassword = ["KINDRED_DATABASE_PASSWORD": ""]

    /// A launcher that passes descriptor 4 of `ChildProcess` as a service manager passes a socket:
    /// sd_listen_fds(3).
    package static let activator = [
        "/bin/sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&4 4<&-",
    ]

    /// Ends the daemon by a signal and starts it again. Returns the exit status of the one that has ended.
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

    /// Replaces the configuration file, which the daemon reads at SIGHUP.
    package func rewrite(database: String, settings: String) throws {
        try Self.configuration(
            in: directory, databaseAddress, user: user, database: database, settings: settings
        )
        .write(toFile: configPath, atomically: true, encoding: .utf8)
    }

    /// Returns a configuration file for a daemon whose socket is `k` in a directory.
    package static func configuration(
        in directory: String, _ server: PrivateServer, database: String, settings: String
    ) -> String {
        configuration(
            in: directory, socketSetting(server), user: "root", database: database, settings: settings)
    }

    private static func socketSetting(_ server: PrivateServer) -> String {
        "socket = \"\(server.socketPath)\""
    }

    private static func configuration(
        in directory: String, _ databaseAddress: String, user: String, database: String, settings: String,
        listen: String = ""
    ) -> String {
        """
        [listen]
        unix = "\(directory)/k"
        \(listen)

        [database]
        \(databaseAddress)
        user = "\(user)"
        name = "\(database)"
        connections = 4

        \(settings)

        """
    }

    /// Connects a client, which waits at most so many seconds for a reply.
    package func client(timeout seconds: Int = 60) throws -> LineClient {
        let client = try LineClient(.unix(path: socketPath))
        client.setReceiveTimeout(seconds: seconds)
        return client
    }

    /// Returns the reply to one request, sent over a new connection.
    package func ask(_ line: String) throws -> JSONValue {
        try JSONValue(try client().ask(line))
    }

    /// The log so far.
    package var log: String {
        (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
    }

    /// Waits until the log has a text: a thread of its own writes it.
    package func waitForLog(_ text: String) throws {
        try eventually("the log says '\(text)'") { log.contains(text) }
    }

    package var hasExited: Bool { process.withLock { $0.hasExited() } }

    /// Returns the resident memory in KiB.
    package func residentKilobytes() throws -> Int { try kilobytes("VmRSS:") }

    /// Returns the size of the address space in KiB.
    package func virtualKilobytes() throws -> Int { try kilobytes("VmSize:") }

    /// Returns a value of `/proc/PID/status`: proc_pid_status(5).
    private func kilobytes(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int($0.dropFirst(name.count).filter(\.isNumber)) } ?? 0
    }

    /// Sets a resource limit of the running daemon, by its name in prlimit(1).
    package func limit(_ resource: String, to value: Int) throws {
        let prlimit = try Process.run(
            URL(fileURLWithPath: "/usr/bin/prlimit"),
            arguments: ["--pid", "\(processID)", "--\(resource)=\(value):\(value)"])
        prlimit.waitUntilExit()
        guard prlimit.terminationStatus == 0 else {
            throw TestFailure(description: "prlimit does not set \(resource)")
        }
    }

    package var processID: Int32 { process.withLock(\.pid) }

    /// Returns what each open descriptor of the daemon refers to, such as `socket:[4711]`.
    package func openFiles() throws -> [String] {
        let directory = "/proc/\(processID)/fd"
        let files = try FileManager.default.contentsOfDirectory(atPath: directory).compactMap {
            // One that was closed since the directory was read has no destination.
            try? FileManager.default.destinationOfSymbolicLink(atPath: directory + "/" + $0)
        }
        return files.filter { !Self.leadsToSymbolizer($0, among: files) }.sorted()
    }

    /// Whether it is one of two pipes that ThreadSanitizer has to its `llvm-symbolizer`, which it starts for
    /// the first report in the program's life, also if that is suppressed. The daemon's own pipe has both of
    /// its ends here.
    private static func leadsToSymbolizer(_ file: String, among files: [String]) -> Bool {
        ProcessInfo.processInfo.environment["TSAN_OPTIONS"] != nil && file.hasPrefix("pipe:")
            && files.count { $0 == file } == 1
    }

    /// Waits until no more descriptors are open than there were before. A health check or a reading of the
    /// schema has a connection of its own for a moment, before as well as now.
    ///
    /// - Parameter extra: how many more there may be: the client that asks for `stats`, for example.
    package func waitForClosedFiles(_ before: [String], extra: Int = 0) throws {
        do {
            try eventually("no descriptor is left over") { try openFiles().count <= before.count + extra }
        } catch let failure as TestFailure {
            throw TestFailure(description: "\(failure); before: \(before); now: \(try openFiles())")
        }
    }

    /// Returns the processor time used so far in seconds: `utime` and `stime` of proc_pid_stat(5).
    package func processorSeconds() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
        let fields = text.drop { $0 != ")" }.split(separator: " ")
        let ticks = fields[12...13].compactMap { Double($0) }.reduce(0, +)
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Returns a number of `stats`, by name.
    package func stat(_ name: String) throws -> Int? {
        try ask(#"{"op":"stats"}"#)["stats"]?[name]?.number.flatMap { Int($0) }
    }

    package func signal(_ number: Int32) {
        process.withLock { $0.send(signal: number) }
    }

    /// Waits for the end of the daemon. Returns its exit status, or 128 plus the signal that ended it; nil if
    /// it still runs.
    package func waitForExit(within seconds: Int = 60) -> Int32? {
        process.withLock { $0.waitForExit(within: seconds) ? $0.status : nil }
    }

    package func waitUntilReady() throws {
        do {
            try eventually("the daemon answers a ping", within: .seconds(60)) {
                if hasExited { throw TestFailure(description: "the daemon has ended") }
                guard let client = try? client() else { return false }
                return (try? client.ask(#"{"op":"ping"}"#)) != nil
            }
        } catch {
            throw TestFailure(description: "\(error); its log:\n\(log)")
        }
    }

    /// Runs another command of the program to its end. Returns its exit status and everything that it
    /// printed.
    package static func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32?, output: String) {
        let directory = try makeTestDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var process = try ChildProcess(
            [executable] + arguments, environment: noPassword.merging(environment) { $1 },
            log: directory + "/out")
        _ = process.waitForExit(within: 60)
        process.send(signal: SIGKILL)
        return (process.status, try String(contentsOfFile: directory + "/out", encoding: .utf8))
    }
}
