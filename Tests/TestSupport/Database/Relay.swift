import Foundation
import LineClient
import PrivateServer

/// A proxy of a Unix socket: everything passes, and the peer's process (SO_PEERCRED) is that of the tests.
package final class Relay: Sendable {
    package let path: String
    private let directory: String
    private let listener: Int32

    /// - Parameter hiding: a word that is replaced by another one in the answers.
    package init(to far: String, hiding word: String? = nil) throws {
        directory = try makeTestDirectory()
        path = directory + "/r"
        listener = try UnixSocket.listen(path)
        Thread { [listener] in
            while case let near = accept(listener, nil, nil), near >= 0 {
                guard let far = try? LineClient.connect(.unix(path: far)) else {
                    close(near)
                    continue
                }
                Self.carry(from: near, to: far, hiding: nil)
                Self.carry(from: far, to: near, hiding: word.map { Data($0.utf8) })
                close(near)
                close(far)
            }
            close(listener)
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Each direction has descriptors of its own to close.
    private static func carry(from source: Int32, to target: Int32, hiding word: Data?) {
        let (source, target) = (dup(source), dup(target))
        Thread {
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = recv(source, &chunk, chunk.count, 0), count > 0 {
                var bytes = Data(chunk[..<count])
                while let word, let place = bytes.range(of: word) {
                    bytes.replaceSubrange(place, with: Data(repeating: UInt8(ascii: "x"), count: word.count))
                }
                guard UnixSocket.send(Array(bytes)[...], to: target) else { break }
            }
            shutdown(target, Int32(SHUT_WR))
            close(source)
            close(target)
        }.start()
    }
}
