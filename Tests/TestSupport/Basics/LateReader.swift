import Foundation
package import LineClient

/// A client that, as simple ones do, first writes everything, however long that blocks, and reads afterwards.
package final class LateReader {
    private let descriptor: Int32
    private var received: [UInt8] = []
    /// Where in `received` the next line begins.
    private var start = 0

    package init(_ address: LineClient.Address) throws {
        descriptor = try LineClient.connect(address)
    }

    deinit { close(descriptor) }

    /// Returns when the kernel has taken everything; fails if the peer has closed the connection.
    package func write(_ lines: String) throws {
        guard UnixSocket.send(Array(lines.utf8)[...], to: descriptor) else {
            throw TestFailure(description: "writing failed: \(String(cString: strerror(errno)))")
        }
    }

    /// Writes as much as the kernel takes without blocking. Returns how many bytes that is, or nil if the
    /// peer has closed the connection.
    package func writeWithoutBlocking(_ bytes: [UInt8]) -> Int? {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let count = send(descriptor, bytes, bytes.count, flags)
        if count >= 0 { return count }
        return [EAGAIN, EWOULDBLOCK].contains(errno) ? 0 : nil
    }

    package func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// The next line without its end; nil if the peer has closed the connection.
    package func read() -> String? {
        var searched = start
        while true {
            if let end = lineEnd(from: searched) {
                defer { start = end + 1 }
                return String(decoding: received[start..<end], as: UTF8.self)
            }
            received.removeSubrange(..<start)
            (start, searched) = (0, received.count)
            var chunk = [UInt8](repeating: 0, count: 1 << 18)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            received += chunk[..<count]
        }
    }

    /// Finds the next line end by memchr(3), because there are megabytes.
    private func lineEnd(from offset: Int) -> Int? {
        received.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, offset < bytes.count,
                let found = memchr(base + offset, 0x0A, bytes.count - offset)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}
