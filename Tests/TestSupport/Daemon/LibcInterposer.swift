import Foundation
import PrivateServer

/// A library that is preloaded into a daemon (ld.so(8)) and injects faults of the system while the daemon
/// runs: it moves the clock, delays name resolution, refuses threads, and interrupts reads and writes or cuts
/// them short.
package final class LibcInterposer: Sendable {
    /// The numbers in the file that the library shares with the test; `LibcInterposer.source` has them in the
    /// same order.
    package enum Control: Int {
        /// Seconds by which the wall clock is ahead.
        case clockOffset
        /// Whether look-ups of hosts, users and groups are held back, and how many are at present.
        case holdsNames, waitingNames
        /// Whether starting a thread fails, and how often it has.
        case refusesThreads, refusedThreads
        /// How many of 1000 reads and writes of sockets are interrupted, would block, or are cut short; and
        /// how many were.
        case interruptions, interrupted
        /// The state of the random numbers that choose them.
        case seed
        /// Whether accepting a connection is held back, and how many threads wait in it: only the event loop
        /// accepts.
        case holdsAccepts, waitingAccepts
        /// How many threads may still be started although `refusesThreads` is set.
        case sparesThreads
    }

    private let directory: String
    private let controls: Int32

    package init(seed: Int64 = 1) throws {
        directory = try makeTestDirectory()
        controls = open(directory + "/controls", O_RDWR | O_CREAT, 0o600)
        guard controls >= 0, ftruncate(controls, 4096) == 0 else {
            throw TestFailure(description: "no file in \(directory)")
        }
        try Self.source.write(toFile: directory + "/source.c", atomically: true, encoding: .utf8)
        try compile()
        self[.seed] = seed
    }

    deinit {
        close(controls)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Environment variables for the daemon.
    package var environment: [String: String] {
        ["LD_PRELOAD": directory + "/library.so", "INTERPOSER_CONTROLS": directory + "/controls"]
    }

    package subscript(control: Control) -> Int64 {
        get {
            var value: Int64 = 0
            pread(controls, &value, 8, off_t(8 * control.rawValue))
            return value
        }
        set {
            var value = newValue
            pwrite(controls, &value, 8, off_t(8 * control.rawValue))
        }
    }

    /// Compiles the library with the compiler that the Swift toolchain brings along.
    private func compile() throws {
        let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let candidates = paths.flatMap { ["\($0)/clang", "\($0)/cc"] }
        guard let compiler = candidates.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw TestFailure(description: "no clang and no cc in $PATH")
        }
        let command = [
            compiler, "-shared", "-fPIC", "-O1", "-o", directory + "/library.so", directory + "/source.c",
        ]
        var process = try ChildProcess(command, log: directory + "/compiler.log")
        guard process.waitForExit(within: 60), process.status == 0 else {
            let log = (try? String(contentsOfFile: directory + "/compiler.log", encoding: .utf8)) ?? ""
            throw TestFailure(description: "\(compiler) did not compile: \(log)")
        }
    }
}
