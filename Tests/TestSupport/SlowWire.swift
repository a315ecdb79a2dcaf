import Foundation
import PrivateServer

/// A way to a server that answers later: what it sends is handed on after a delay, as if it were far away.
package final class SlowWire: Sendable {
    package let path: String
    private let listener: Int32
    private let directory: String

    /// - Parameter microseconds: of delay.
    package init(to serverPath: String, microseconds: UInt32) throws {
        directory = try makeTemporaryDirectory()
        path = directory + "/wire"
        listener = try Self.socket(path) { bind($0, $1, $2) == 0 && listen($0, 64) == 0 }
        Thread { [listener] in
            while case let near = accept(listener, nil, nil), near >= 0 {
                guard let far = try? Self.socket(serverPath, { connect($0, $1, $2) == 0 }) else {
                    close(near)
                    continue
                }
                Thread { Self.carry(near, far, after: 0) }.start()
                Thread { Self.carry(far, near, after: microseconds) }.start()
            }
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func socket(
        _ path: String, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let isDone = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard isDone else { throw NeverHappened(description: "no socket at \(path)") }
        return descriptor
    }

    private static func carry(_ from: Int32, _ to: Int32, after microseconds: UInt32) {
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while case let count = read(from, &chunk, chunk.count), count > 0 {
            usleep(microseconds)
            var sent = 0
            while sent < count {
                let part = chunk[sent..<count].withUnsafeBytes {
                    send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard part > 0 else { break }
                sent += part
            }
        }
        shutdown(to, Int32(SHUT_WR))
    }
}
