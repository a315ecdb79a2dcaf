import Foundation

/// Stops a process (SIGSTOP) and waits until each of its threads has stopped: on a loaded machine some run on
/// for a while.
package func freeze(_ pid: Int32) throws {
    kill(pid, SIGSTOP)
    try eventually("all threads of \(pid) have stopped") {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").allSatisfy { thread in
            let stat = try String(contentsOfFile: "/proc/\(pid)/task/\(thread)/stat", encoding: .utf8)
            // "4711 (mariadbd) T 1 …"
            return stat.drop { $0 != ")" }.dropFirst(2).first == "T"
        }
    }
}
