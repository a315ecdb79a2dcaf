import Foundation
import Reactor

/// CPU time of a process on this machine: clock_getcpuclockid(3), which is exact where /proc counts ticks.
struct ProcessClock {
    private let clock: clockid_t

    /// The MariaDB server at the other end of a Unix socket. `SO_PEERCRED` tells who called listen(2): that may also be a
    /// service manager, or a proxy, whose time is nobody's business. So its name must be right: `comm` of proc(5).
    init?(serverAt descriptor: Int32) {
        guard let pid = Socket(fileDescriptor: descriptor).peerProcessID,
            let name = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8),
            ["mariadbd\n", "mysqld\n"].contains(name)
        else { return nil }
        var clock = clockid_t()
        guard clock_getcpuclockid(pid, &clock) == 0 else { return nil }
        self.clock = clock
    }

    /// Nanoseconds that it has used, all its threads together; nil if the process is gone.
    var time: Int64? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
