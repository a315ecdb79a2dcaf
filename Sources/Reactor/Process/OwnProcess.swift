import CLibevent
import Glibc
package import Time

/// The resources that this process has used.
package enum OwnProcess {
    /// The processor time that all its threads have used together: clock_gettime(2).
    package static var processorTime: TimeSpan {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .zero }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Bytes of memory that are resident, the second field of `statm` in proc(5); nil where there is no
    /// /proc.
    package static var residentBytes: Int? {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &text, text.count)
        guard count > 0 else { return nil }
        // 25603 6301 2212 …
        let fields = text[..<count].split(separator: UInt8(ascii: " "))
        return fields.dropFirst().first.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
            .map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
    }
}
