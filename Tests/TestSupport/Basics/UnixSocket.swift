import Foundation
import PrivateServer

/// Blocking Unix sockets, for proxies between a daemon and its database, and for what a service manager does.
package enum UnixSocket {
    package enum Kind {
        case stream, datagram
    }

    package static func listen(_ path: String) throws -> Int32 {
        try make(path) { Foundation.bind($0, $1, $2) == 0 && Foundation.listen($0, 64) == 0 }
    }

    package static func connect(_ path: String) throws -> Int32 {
        try make(path) { Foundation.connect($0, $1, $2) == 0 }
    }

    /// Returns a socket that is bound to a path and does not listen.
    package static func bind(_ path: String, _ kind: Kind = .stream) throws -> Int32 {
        try make(path, kind) { Foundation.bind($0, $1, $2) == 0 }
    }

    /// Sends all bytes, blocking. Returns whether that succeeded.
    package static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    private static func make(
        _ path: String, _ kind: Kind = .stream,
        _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = Foundation.socket(
            AF_UNIX, Int32((kind == .stream ? SOCK_STREAM : SOCK_DGRAM).rawValue), 0)
        let isDone = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard isDone else {
            close(descriptor)
            throw TestFailure(description: "no socket at \(path)")
        }
        return descriptor
    }
}
