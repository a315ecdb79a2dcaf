import Foundation
import Reactor
import Time

/// The CPU time of a process on this machine, by clock_getcpuclockid(3), which is exact where /proc counts
/// ticks.
struct ProcessClock {
    private let clock: clockid_t

    /// The clock of the MariaDB server at the other end of a Unix socket. `SO_PEERCRED` names the process
    /// that called listen(2), which may also be a service manager or a proxy, so its name is checked: `comm`
    /// of proc(5).
    init?(serverAt descriptor: Int32) {
        guard let pid = Socket(fileDescriptor: descriptor).peerProcessID,
            let name = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8),
            ["mariadbd\n", "mysqld\n"].contains(name)
        else { return nil }
        var clock = clockid_t()
        guard clock_getcpuclockid(pid, &clock) == 0 else { return nil }
        self.clock = clock
    }

    /// The CPU time that all threads of the process have used together; nil if the process is gone.
    var time: TimeSpan? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
