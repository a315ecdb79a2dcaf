import Foundation

/// A blocking client of a line protocol over a Unix or TCP socket, for the demo, `kindred query` and the
/// tests.
package final class LineClient {
    package enum Address: Hashable, Sendable, CustomStringConvertible {
        case unix(path: String)
        case tcp(host: String, port: UInt16)

        package var description: String {
            switch self {
            case .unix(let path): path
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            }
        }
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(_ description: String) {
            self.description = description
        }
    }

    private let descriptor: Int32
    private var received: [UInt8] = []
    /// How much of `received` has been searched for a line's end.
    private var searched = 0

    package init(_ address: Address) throws {
        descriptor = try Self.connect(address)
    }

    deinit { close(descriptor) }

    /// Sends a line; its end is added.
    package func send(_ line: String) throws {
        try send(Array(line.utf8) + [UInt8(ascii: "\n")])
    }

    /// Receives replies while the peer accepts no more lines, so that the two never wait for one another.
    package func send(_ bytes: [UInt8]) throws {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, flags)
            }
            if count > 0 { sent += count } else { try waitForRoom() }
        }
    }

    private func waitForRoom() throws {
        guard [EINTR, EAGAIN].contains(errno) else { throw Failure("sending failed: \(Self.reason)") }
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN | POLLOUT), revents: 0)
        guard poll(&watched, 1, -1) > 0, Int32(watched.revents) & POLLIN != 0 else { return }
        guard try fill() else { throw Failure("the peer closed the connection") }
    }

    /// Waits for the next line and returns it without its end; nil if the peer has closed the connection.
    package func receive() throws -> String? {
        try receiveBytes().map { String(decoding: $0, as: UTF8.self) }
    }

    package func receiveBytes() throws -> [UInt8]? {
        while true {
            if let end = received[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer {
                    received.removeSubrange(...end)
                    searched = 0
                }
                return Array(received[..<end])
            }
            searched = received.count
            guard try fill() else { return nil }
        }
    }

    /// Sends a line and waits for the next line of the peer.
    package func ask(_ line: String) throws -> String {
        try send(line)
        guard let reply = try receive() else {
            throw Failure("the connection was closed without a reply")
        }
        return reply
    }

    /// Tells the peer that no more lines follow; replies can still be received.
    package func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// - Parameter seconds: How long `receive` waits before it fails.
    package func setPatience(seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure("receiving failed: \(Self.reason)") }
            received += chunk[..<count]
            return count > 0
        }
    }

    private static var reason: String { String(cString: strerror(errno)) }

    package static func connect(_ address: Address) throws -> Int32 {
        switch address {
        case .unix(let path): try connectUnix(path)
        case .tcp(let host, let port): try connectTCP(host, port, address)
        }
    }

    private static func connectUnix(_ path: String) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else {
            throw Failure("the socket path \(path) is longer than \(capacity - 1) bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let outcome = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard outcome == 0 else {
            defer { close(descriptor) }
            throw Failure("cannot connect to \(path): \(reason)")
        }
        return descriptor
    }

    private static func connectTCP(_ host: String, _ port: UInt16, _ address: Address) throws -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0 else {
            throw Failure("unknown host \(host): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(found) }
        var next = found
        while let candidate = next {
            let descriptor = socket(
                candidate.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            if Foundation.connect(descriptor, candidate.pointee.ai_addr, candidate.pointee.ai_addrlen) == 0 {
                return descriptor
            }
            close(descriptor)
            next = candidate.pointee.ai_next
        }
        throw Failure("cannot connect to \(address): \(reason)")
    }
}
