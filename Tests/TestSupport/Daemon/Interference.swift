import Foundation
import PrivateServer

/// Stands between a daemon and the C library, and does as the system may do: moves the clock, lets names wait for their
/// addresses, refuses threads, cuts reads and writes short. All by command, while the daemon runs.
package final class Interference: Sendable {
    /// The numbers that `Interference.source` shares with us, in their order.
    package enum Word: Int {
        /// Seconds that the clock of the day is ahead.
        case clockOffset
        /// Whether names of hosts, users and groups wait, and how many do.
        case holdsNames, waitingNames
        /// Whether threads are refused, and how many were.
        case refusesThreads, refusedThreads
        /// Of 1000 reads and writes of sockets so many are interrupted, would wait, or are cut short; and how many were.
        case interruptions, interrupted
        case seed
        /// Whether accepting a connection waits, and how many threads do: the loop, which alone accepts.
        case holdsAccepts, waitingAccepts
        /// So many threads are not refused.
        case sparesThreads
    }

    private let directory: String
    private let words: Int32

    package init(seed: Int64 = 1) throws {
        directory = try makeTemporaryDirectory()
        words = open(directory + "/words", O_RDWR | O_CREAT, 0o600)
        guard words >= 0, ftruncate(words, 4096) == 0 else {
            throw NeverHappened(description: "no file in \(directory)")
        }
        try Self.source.write(toFile: directory + "/source.c", atomically: true, encoding: .utf8)
        try compile()
        self[.seed] = seed
    }

    deinit {
        close(words)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// What the daemon's environment needs.
    package var environment: [String: String] {
        ["LD_PRELOAD": directory + "/library.so", "INTERFERENCE_WORDS": directory + "/words"]
    }

    package subscript(word: Word) -> Int64 {
        get {
            var value: Int64 = 0
            pread(words, &value, 8, off_t(8 * word.rawValue))
            return value
        }
        set {
            var value = newValue
            pwrite(words, &value, 8, off_t(8 * word.rawValue))
        }
    }

    /// The toolchain that builds us brings a compiler along.
    private func compile() throws {
        let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let candidates = paths.flatMap { ["\($0)/clang", "\($0)/cc"] }
        guard let compiler = candidates.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw NeverHappened(description: "no clang and no cc in $PATH")
        }
        let command = [
            compiler, "-shared", "-fPIC", "-O1", "-o", directory + "/library.so", directory + "/source.c",
        ]
        var process = try ChildProcess(command, log: directory + "/compiler.log")
        guard process.waitForExit(within: 60), process.status == 0 else {
            let log = (try? String(contentsOfFile: directory + "/compiler.log", encoding: .utf8)) ?? ""
            throw NeverHappened(description: "\(compiler) did not compile: \(log)")
        }
    }
}
