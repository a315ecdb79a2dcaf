import CMariaDB
import Glibc
import Synchronization

/// Until when a thread may be connecting over TLS. libmariadb's own time begins anew with every byte that the
/// server sends, and a handshake can have many. Looking up a host's name, which only a `BlockingClient` does,
/// has the resolver's own limits: resolv.conf(5).
enum ConnectDeadline {
    /// In milliseconds of the monotonic clock, by thread.
    private static let deadlines = Mutex<[pthread_t: Int64]>([:])

    /// Runs `body`, in which libmariadb gives up waiting when so many seconds are over in all.
    static func limit<R>(_ body: () -> R, toSeconds seconds: UInt32) -> R {
        let thread = pthread_self()
        deadlines.withLock { $0[thread] = now + Int64(seconds) * 1000 }
        defer { deadlines.withLock { $0[thread] = nil } }
        return body()
    }

    /// Has libmariadb wait by `wait` wherever it waits for a socket.
    static func use(by handle: Handle) {
        let function: @convention(c) (Int32, my_bool, Int32) -> Int32 = {
            ConnectDeadline.wait(for: $0, toRead: $1, milliseconds: $2)
        }
        mysql_options(handle, MARIADB_OPT_IO_WAIT, unsafeBitCast(function, to: UnsafeRawPointer.self))
    }

    /// As libmariadb waits itself, but with the thread's deadline.
    /// - Parameter milliseconds: libmariadb's limit, which counts where there is no deadline; 0: none.
    /// - Returns: 1 if the socket is ready, 0 if the time is over, -1 after an error.
    private static func wait(for socket: Int32, toRead: my_bool, milliseconds: Int32) -> Int32 {
        let deadline = deadlines.withLock { $0[pthread_self()] }
        var entry = pollfd(fd: socket, events: Int16(toRead != 0 ? POLLIN : POLLOUT), revents: 0)
        while true {
            let left = deadline.map { max(0, $0 - now) }
            let outcome =
                left == 0
                ? 0
                : poll(&entry, 1, left.map { Int32(clamping: $0) } ?? (milliseconds == 0 ? -1 : milliseconds))
            if outcome == 0 { errno = ETIMEDOUT }
            if outcome >= 0 || errno != EINTR { return outcome }
        }
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
