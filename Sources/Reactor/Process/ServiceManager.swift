import CLibevent
import Glibc
package import Time

/// Talks to systemd: reports the daemon's state, and takes the sockets that it has opened for the daemon. The
/// protocol is small and stable, and sd_notify(3) itself recommends implementing it where libsystemd is not
/// wanted.
package final class ServiceManager {
    package enum Notice: Hashable, Sendable {
        case ready
        /// `RELOADING=1` with the time, as `Type=notify-reload` (systemd 253) wants it.
        case reloading
        case stopping
        case watchdog
        case status(String)
    }

    /// An inherited descriptor that cannot be listened on.
    package struct BadSocket: Error, CustomStringConvertible {
        package let description: String
    }

    /// sd_listen_fds(3): passed descriptors begin here.
    private static let firstDescriptor: Int32 = 3

    /// Where notices go; nil if nobody listens. Opened once, so that a daemon that has run out of descriptors
    /// does not seem dead.
    private let socket: (descriptor: Int32, name: sockaddr_un, length: socklen_t)?
    /// The time within which `WATCHDOG=1` must be sent again and again; nil if it is not expected.
    package let watchdogInterval: TimeSpan?

    package init() {
        socket = Self.variable("NOTIFY_SOCKET").flatMap(Self.open)
        watchdogInterval = Self.interval()
    }

    deinit {
        if let socket { close(socket.descriptor) }
    }

    private static func open(_ address: String) -> (Int32, sockaddr_un, socklen_t)? {
        guard var name = try? SocketAddress.unix(address) else { return nil }
        // `@name` is a socket in the abstract namespace, whose name begins with a zero byte: unix(7).
        if address.first == "@" { name.sun_path.0 = 0 }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        // The name's length counts there, and a final zero would be part of it.
        let header = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        return (descriptor, name, socklen_t(header + address.utf8.count))
    }

    /// Sends a notice. A manager that does not listen is no reason to fail, and one that is busy none to
    /// wait.
    package func notify(_ notice: Notice) {
        guard var socket else { return }
        let message = Array(Self.message(notice).utf8)
        SocketAddress.withPointer(&socket.name) { name, _ in
            // The socket is not connected: a manager that has been started anew listens under the same name.
            _ = sendto(
                socket.descriptor, message, message.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), name,
                socket.length)
        }
    }

    private static func message(_ notice: Notice) -> String {
        switch notice {
        case .ready: "READY=1"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\((EventLoop.readClock() - Instant.zero).microseconds)"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        case .status(let text): "STATUS=" + text.split(separator: "\n").joined(separator: " ")
        }
    }

    /// Whether what is written to the descriptor goes to the journal: `$JOURNAL_STREAM` is the device and the
    /// inode of the stream that systemd has made, which may have been redirected since, systemd.exec(5).
    package static func isJournal(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard let stream = variable("JOURNAL_STREAM"), fstat(descriptor, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }

    /// The listening sockets of `kindred.socket`; none if no socket unit has started the daemon. To be called
    /// once: the variables that name them are removed, so that child processes do not take them.
    package static func inheritedListeners() throws(BadSocket) -> [Int32] {
        guard variable("LISTEN_PID").flatMap({ pid_t($0) }) == getpid(),
            let count = variable("LISTEN_FDS").flatMap({ Int32($0) }), (0...1024).contains(count)
        else { return [] }
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
        let descriptors = Array(firstDescriptor..<firstDescriptor + count)
        for descriptor in descriptors where !isListening(descriptor) {
            throw BadSocket(
                description:
                    "descriptor \(descriptor), passed by the service manager, is no listening stream socket; "
                    + "kindred.socket must use ListenStream= and Accept=no")
        }
        return descriptors
    }

    private static func isListening(_ descriptor: Int32) -> Bool {
        option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue)
            && option(SO_ACCEPTCONN, of: descriptor) == 1
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    /// sd_watchdog_enabled(3)
    private static func interval() -> TimeSpan? {
        if let pid = variable("WATCHDOG_PID"), pid_t(pid) != getpid() { return nil }
        return variable("WATCHDOG_USEC").flatMap { Int64($0) }.map {
            TimeSpan(nanoseconds: $0.multipliedReportingOverflow(by: 1000).partialValue)
        }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
