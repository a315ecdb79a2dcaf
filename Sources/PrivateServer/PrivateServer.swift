import Foundation
package import MariaDB
import Synchronization

/// A MariaDB or MySQL server in a temporary directory, for the demo, the bench and the tests. It ends with
/// this program, even if the program crashes, and its directory is removed with it. Durability is switched off
/// for speed.
package final class PrivateServer: Sendable {
    package let program: ServerProgram
    package let socketPath: String
    /// The port on 127.0.0.1, if one was asked for.
    package let tcpPort: UInt16?
    private let directory: String
    private let command: [String]
    private let process = Mutex<ChildProcess?>(nil)

    /// Seconds that each of bootstrapping, becoming ready and shutting down may take; a loaded machine is
    /// slow.
    private static let timeout = 60

    /// Bootstraps a server and waits until it answers. The user `root` has no password.
    ///
    /// - Parameters:
    ///   - program: Which server; nil for the one that `KINDRED_SERVER` names.
    ///   - arguments: Added at the end of the server's command line, so that they win.
    ///   - tcpPort: A port of 127.0.0.1 on which the server listens as well; see `freePort()`.
    package init(
        _ program: ServerProgram? = nil, arguments: [String] = [], tcpPort: UInt16? = nil
    ) throws {
        let program = try program ?? ServerProgram.chosen()
        self.program = program
        let server = try program.command()
        directory = try makeTemporaryDirectory()
        socketPath = directory + "/s"
        self.tcpPort = tcpPort
        command = server + program.options(in: directory, tcpPort: tcpPort) + arguments
        // All properties are set: if one of these throws, `deinit` tidies up.
        try Self.checkLength(ofSocketPath: socketPath)
        try Bootstrap(
            program: program, directory: directory, arguments: arguments, timeout: Self.timeout
        )
        .run()
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The server's process id; nil while it is not running.
    package var pid: Int32? {
        process.withLock { process in
            guard process?.hasExited() == false else { return nil }
            return process?.pid
        }
    }

    /// Nanoseconds of CPU time that the server has used, all its threads together (clock_getcpuclockid(3));
    /// nil while it is not running.
    package var processorTime: Int64? {
        var clock = clockid_t()
        var time = timespec()
        guard let pid, clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            return nil
        }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// How to reach the server over its socket.
    package func endpoint(database: String = "", sessionSetup: [String] = []) -> Endpoint {
        Endpoint(.socket(path: socketPath), user: "root", database: database, sessionSetup: sessionSetup)
    }

    package func client(database: String = "") throws(DatabaseError) -> BlockingClient {
        try BlockingClient(endpoint(database: database))
    }

    /// Shuts the server down by SIGTERM, and by SIGKILL if that takes too long.
    package func stop() {
        end(with: SIGTERM)
    }

    /// Crashes the server by SIGKILL. Returns when the process is gone; the data directory stays as it is.
    package func kill() {
        end(with: SIGKILL)
    }

    /// Starts the server again on the same data, socket and port; stops it first if it is running.
    package func restart() throws {
        stop()
        try start()
    }

    /// A TCP port of 127.0.0.1 that is free now. Another process may take it before we do, which is rare.
    package static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let outcome = withUnsafeMutableBytes(of: &address) { bytes in
            guard let address = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress else { return false }
            return bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
        }
        guard outcome else {
            throw PrivateServerError("no free port on 127.0.0.1: \(String(cString: strerror(errno)))")
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private var errorLog: String { directory + "/error.log" }
    private var programName: String { ServerProgram.fileName(command[0]) }

    private func start() throws {
        try process.withLock { process in
            process = try ChildProcess(
                command, environment: ["TMPDIR": directory], removing: directory, log: errorLog)
        }
        var refusal: DatabaseError?
        let isReady = try holds(within: Self.timeout) {
            guard pid != nil else { throw PrivateServerError("\(programName) ended at once", log: errorLog) }
            do throws(DatabaseError) {
                _ = try client()
                return true
            } catch {
                refusal = error
                return false
            }
        }
        if !isReady {
            let reason = refusal?.description ?? ""
            throw PrivateServerError(
                "\(programName) did not answer in \(Self.timeout) s (\(reason))", log: errorLog)
        }
    }

    private func end(with signal: Int32) {
        process.withLock { process in
            process?.send(signal: signal)
            if process?.waitForExit(within: Self.timeout) == false {
                process?.send(signal: SIGKILL)
                _ = process?.waitForExit(within: Self.timeout)
            }
            process = nil
        }
    }

    /// `sun_path` has 108 bytes, one of them for the final zero.
    private static func checkLength(ofSocketPath path: String) throws {
        guard path.utf8.count <= 107 else {
            throw PrivateServerError(
                "the socket path \(path) has \(path.utf8.count) bytes, at most 107 are allowed; "
                    + "set TMPDIR to a shorter directory")
        }
    }
}

/// Why a private server could not be started or stopped, with the end of the server's own log.
package struct PrivateServerError: Error, Sendable, CustomStringConvertible {
    /// What failed, where, and what to do about it; may have several lines.
    package let description: String

    init(_ description: String) {
        self.description = description
    }

    /// - Parameters:
    ///   - what: What failed.
    ///   - path: A log file, the last lines of which are added.
    init(_ what: String, log path: String) {
        let tail = lastLines(of: path)
        self.init(tail.isEmpty ? "\(what); \(path) is empty" : "\(what); the last lines of \(path):\n\(tail)")
    }
}
