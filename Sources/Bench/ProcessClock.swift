import Glibc
import Reactor

/// CPU time of a process on this machine: clock_getcpuclockid(3), which is exact where /proc counts ticks.
struct ProcessClock {
    private let clock: clockid_t

    init?(pid: Int32) {
        var clock = clockid_t()
        guard clock_getcpuclockid(pid, &clock) == 0 else { return nil }
        self.clock = clock
    }

    /// The process at the other end of a Unix socket.
    init?(peerOf descriptor: Int32) {
        guard let pid = Socket(fileDescriptor: descriptor).peerProcessID else { return nil }
        self.init(pid: pid)
    }

    /// Nanoseconds that this process has used, all its threads together.
    static var own: Int64 { time(of: CLOCK_PROCESS_CPUTIME_ID) ?? 0 }

    /// Nanoseconds; nil if the process is gone.
    var time: Int64? { Self.time(of: clock) }

    private static func time(of clock: clockid_t) -> Int64? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
