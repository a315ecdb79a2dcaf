import CLibevent
import Glibc

/// A connected, non-blocking stream socket. Its owner closes it, once.
package struct Socket: Sendable {
    package enum Result: Hashable, Sendable {
        case bytes(Int)
        case wouldBlock
        /// The peer sends no more.
        case closed
        case failed(errno: Int32)
    }

    package let fileDescriptor: Int32

    package init(fileDescriptor: Int32) {
        self.fileDescriptor = fileDescriptor
    }

    package func read(into space: UnsafeMutableRawBufferPointer) -> Result {
        while true {
            let count = recv(fileDescriptor, space.baseAddress, space.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .closed }
            if errno != EINTR { return Self.failure(errno) }
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) -> Result {
        while true {
            let count = send(fileDescriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            if errno != EINTR { return Self.failure(errno) }
        }
    }

    /// Whether the peer has closed both directions, as far as the kernel knows: on a Unix socket at once,
    /// over TCP only after it has refused something.
    package var isHungUp: Bool {
        var state = pollfd(fd: fileDescriptor, events: 0, revents: 0)
        return poll(&state, 1, 0) > 0 && Int32(state.revents) & (POLLHUP | POLLERR) != 0
    }

    /// Whether a TCP peer has not yet acknowledged all that was written: `SIOCOUTQ` of tcp(7). What is
    /// written to a Unix socket is with the peer at once.
    package var hasUndelivered: Bool {
        var count: Int32 = 0
        return peerProcessID == nil && ioctl(fileDescriptor, UInt(TIOCOUTQ), &count) == 0 && count > 0
    }

    /// The process that made the socket at the other end: `SO_PEERCRED` of unix(7). Nil for a TCP peer.
    package var peerProcessID: Int32? {
        let pid = kindred_peer(fileDescriptor).pid
        return pid > 0 ? pid : nil
    }

    /// The user of the process that made the socket at the other end. Nil for a TCP peer.
    package var peerUserID: UInt32? {
        let peer = kindred_peer(fileDescriptor)
        return peer.pid > 0 ? peer.uid : nil
    }

    package func close() {
        _ = Glibc.close(fileDescriptor)
    }

    private static func failure(_ code: Int32) -> Result {
        code == EAGAIN || code == EWOULDBLOCK ? .wouldBlock : .failed(errno: code)
    }
}
