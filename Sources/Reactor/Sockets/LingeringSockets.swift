import CLibevent
import Glibc
import Time

/// Closes connections so that their peers get all that they were sent. If anything arrives after `close`, or
/// has not been read before it, TCP sends RST, and bytes that the peer has not read are lost with it (RFC
/// 2525, 2.17). So a socket is first shut down for writing, and what still arrives is read for a while.
package final class LingeringSockets {
    /// How long a peer has to close its side.
    private static let timeout = TimeSpan.milliseconds(250)
    /// How long a peer has while it has not yet received all.
    private static let maxTimeout = TimeSpan.seconds(30)
    /// How many may linger; beyond that, sockets are closed at once.
    package var maxCount = 1024

    private final class Entry {
        let socket: Socket
        let watch: Watch
        var deadline: Instant
        let lastDeadline: Instant

        init(_ socket: Socket, _ watch: Watch, now: Instant) {
            self.socket = socket
            self.watch = watch
            deadline = now + timeout
            lastDeadline = now + maxTimeout
        }
    }

    private let loop: EventLoop
    private var entries: [Int32: Entry] = [:]
    private var alarm: Alarm?

    package init(_ loop: EventLoop) {
        self.loop = loop
        alarm = Alarm(loop) { [unowned self] in giveUp() }
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// Takes over a socket to which everything has been written.
    package func end(_ socket: Socket) {
        shutdown(socket.fileDescriptor, Int32(SHUT_WR))
        guard !hasEnded(socket), entries.count < maxCount else { return socket.close() }
        let watch = Watch(loop, fileDescriptor: socket.fileDescriptor) { [unowned self] _ in
            if hasEnded(socket) { close(socket.fileDescriptor) }
        }
        watch.set(readable: true, writable: false)
        let entry = Entry(socket, watch, now: loop.now)
        if entries.isEmpty { alarm?.set(at: entry.deadline) }
        entries[socket.fileDescriptor] = entry
    }

    /// Closes all of them at once: their descriptors are needed.
    package func closeAll() {
        for descriptor in entries.keys { close(descriptor) }
    }

    /// Reads some of what has arrived.
    /// - Returns: whether the peer sends no more.
    private func hasEnded(_ socket: Socket) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 1) { space in
            switch socket.read(into: space) {
            case .bytes, .wouldBlock: false
            case .closed, .failed: true
            }
        }
    }

    private func close(_ descriptor: Int32) {
        guard let entry = entries.removeValue(forKey: descriptor) else { return }
        entry.watch.cancel()
        entry.socket.close()
        loop.retire(entry)
    }

    private func giveUp() {
        for (descriptor, entry) in entries where entry.deadline <= loop.now {
            if entry.deadline < entry.lastDeadline, entry.socket.hasUndelivered {
                entry.deadline += Self.timeout
            } else {
                close(descriptor)
            }
        }
        if let next = entries.values.map(\.deadline).min() { alarm?.set(at: next) }
    }
}
