import Foundation
import PrivateServer

/// A proxy that forwards what the server sends after a delay, as if the server were far away.
package final class LatencyProxy: Sendable {
    package let path: String
    private let listener: Int32
    private let directory: String

    /// - Parameter microseconds: the delay of every answer.
    package init(to serverPath: String, microseconds: UInt32) throws {
        directory = try makeTestDirectory()
        path = directory + "/proxy"
        listener = try UnixSocket.listen(path)
        Thread { [listener] in
            while case let near = accept(listener, nil, nil), near >= 0 {
                guard let far = try? UnixSocket.connect(serverPath) else {
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

    private static func carry(_ from: Int32, _ to: Int32, after microseconds: UInt32) {
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while case let count = read(from, &chunk, chunk.count), count > 0 {
            usleep(microseconds)
            guard UnixSocket.send(chunk[..<count], to: to) else { break }
        }
        shutdown(to, Int32(SHUT_WR))
    }
}
