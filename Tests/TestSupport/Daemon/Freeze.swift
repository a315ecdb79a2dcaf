import Foundation
import Synchronization

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

/// Runs `body` while a process is frozen, and returns whether it ended so. A body that waits for the process
/// is set free after two minutes. (Swift Testing's time limit would be wrong for this: it also counts the
/// minutes in which a test waits for a thread.)
package func withFrozen(_ pid: Int32, _ body: () -> Void) throws -> Bool {
    try freeze(pid)
    let watch = FreezeWatch()
    Thread {
        watch.endedInTime.withLock { $0 = watch.ended.wait(timeout: .now() + .seconds(120)) == .success }
        kill(pid, SIGCONT)
        watch.thawed.signal()
    }.start()
    body()
    watch.ended.signal()
    watch.thawed.wait()
    return watch.endedInTime.withLock { $0 }
}

private final class FreezeWatch: Sendable {
    let ended = DispatchSemaphore(value: 0)
    let thawed = DispatchSemaphore(value: 0)
    let endedInTime = Mutex(false)
}
