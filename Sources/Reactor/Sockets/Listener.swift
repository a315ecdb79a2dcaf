import CLibevent
import Glibc
import Time

/// Accepts connections on a Unix or TCP socket.
package final class Listener {
    /// Connections accepted in one go, before the loop's other descriptors have their turn.
    private static let acceptsPerTurn = 64
    /// How long nothing is accepted when the process has no descriptor left: trying again at once would spin.
    private static let pause = TimeSpan.milliseconds(100)

    /// Where it listens, for the log: a path or `127.0.0.1:7654`.
    package let address: String
    private let loop: EventLoop
    private let descriptor: Int32
    private var isClosed = false
    /// The socket file that this listener made, and so removes.
    private let ownedFile: SocketFile?
    private var watch: Watch?
    private var alarm: Alarm?
    /// Called whenever accepting pauses, with the reason.
    package var onPause: (ReactorError) -> Void = { _ in }

    init(_ loop: EventLoop, descriptor: Int32, address: String, ownedFile: SocketFile? = nil) {
        self.loop = loop
        self.descriptor = descriptor
        self.address = address
        self.ownedFile = ownedFile
    }

    /// A listening socket that the service manager has made.
    package convenience init(_ loop: EventLoop, inherited descriptor: Int32) throws(ReactorError) {
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw ReactorError("inherited descriptor \(descriptor) is unusable", errno: errno)
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.init(loop, descriptor: descriptor, address: SocketAddress.text(of: descriptor))
    }

    package func start(_ handler: @escaping (Socket) -> Void) {
        tune()
        let watch = Watch(loop, fileDescriptor: descriptor) { [unowned self] _ in accept(handler) }
        watch.set(readable: true, writable: false)
        self.watch = watch
        alarm = Alarm(loop) { [unowned self] in self.watch?.set(readable: true, writable: false) }
    }

    /// Whether a connection waits to be accepted.
    package var hasWaitingConnection: Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 0) > 0
    }

    /// Whether the socket file is still where clients look for it; true if there is none.
    package var isInPlace: Bool { ownedFile?.isInPlace ?? true }

    /// Stops listening, and removes the socket file if this listener made it. May be called again.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        alarm?.clear()
        watch?.cancel()
        watch = nil
        _ = Glibc.close(descriptor)
        ownedFile?.remove()
    }

    private func accept(_ handler: (Socket) -> Void) {
        for _ in 0..<Self.acceptsPerTurn where !isClosed {
            let accepted = kindred_accept(descriptor)
            guard accepted >= 0 else { return refused(errno) }
            handler(Socket(fileDescriptor: accepted))
        }
    }

    /// Sets options that accepted connections inherit: nothing is delayed, and a peer that has vanished
    /// without a word is detected within two minutes, see tcp(7). A Unix socket has none of them, and needs
    /// none.
    private func tune() {
        let options = [
            (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_NODELAY, 1),
            (Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60), (Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10),
            (Int32(IPPROTO_TCP), TCP_KEEPCNT, 6),
            // Keepalive does not ask while something is unacknowledged.
            (Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 120_000),
        ]
        for (level, name, value) in options {
            var value = Int32(value)
            setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    private func refused(_ code: Int32) {
        switch code {
        case EAGAIN, EINTR, ECONNABORTED: break
        // accept(2): errors of the network that a new connection brought along are to be treated like EAGAIN.
        case ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM:
            break
        default:
            watch?.set(readable: false, writable: false)
            alarm?.set(at: loop.now + Self.pause)
            onPause(ReactorError("no connection can be accepted on \(address) for now", errno: code))
        }
    }
}
