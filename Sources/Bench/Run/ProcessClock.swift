import Foundation
import Reactor
import Time

/// The CPU time of a process on this machine, by clock_getcpuclockid(3), which is exact where /proc counts
/// ticks.
struct ProcessClock {
    private let clock: clockid_t

    /// The clock of the database server at the other end of a Unix socket. `SO_PEERCRED` names the process
    /// that called listen(2), which may also be a service manager or a proxy, so what it runs is looked at.
    init?(serverAt descriptor: Int32) {
        guard let pid = Socket(fileDescriptor: descriptor).peerProcessID, Self.isDatabaseServer(pid)
        else { return nil }
        var clock = clockid_t()
        guard clock_getcpuclockid(pid, &clock) == 0 else { return nil }
        self.clock = clock
    }

    // /usr/sbin/mariadbd --basedir=/usr, or /lib64/ld-linux-x86-64.so.2 --library-path … /usr/sbin/mysqld
    /// Whether the process runs a database server, perhaps by way of ld.so(8): `cmdline` of proc(5), which
    /// has a byte 0 behind each argument.
    private static func isDatabaseServer(_ pid: Int32) -> Bool {
        guard let line = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8) else {
            return false
        }
        return line.split(separator: "\0").prefix(4).contains { argument in
            ["mariadbd", "mysqld"].contains(argument.split(separator: "/").last)
        }
    }

    /// The CPU time that all threads of the process have used together; nil if the process is gone.
    var time: TimeSpan? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
