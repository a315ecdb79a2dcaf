import Foundation
import PrivateServer
import Synchronization

/// A way to a server that breaks on command: what the server sends arrives up to a place, and then something happens.
package final class FaultyWire: Sendable {
    package enum Fault: Sendable, CaseIterable {
        /// Nothing more arrives, and nobody says why.
        case silence
        case end
        /// What follows is no packet.
        case garbage
    }

    /// From now on, for every connection: after so many more bytes.
    private struct Plan {
        var fault: Fault?
        var bytes = 0
        var number = 0
    }

    package let path: String
    private let listener: Int32
    private let directory: String
    private let plan = Mutex(Plan())

    package init(to serverPath: String) throws {
        directory = try makeTemporaryDirectory()
        path = directory + "/wire"
        listener = try UnixSocket.listen(path)
        // Not held by its own threads: they end with the listener and the connections.
        Thread { [weak self, listener] in
            while case let near = accept(listener, nil, nil), near >= 0 {
                guard let self, let far = try? UnixSocket.connect(serverPath) else {
                    close(near)
                    continue
                }
                Thread { Self.carry(near, far) }.start()
                Thread { [weak self] in self?.carryBack(far, near) }.start()
            }
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// - Parameter fault: nil to be a good wire again, for what is not broken yet.
    package func set(_ fault: Fault?, afterBytes bytes: Int = 0) {
        plan.withLock { $0 = Plan(fault: fault, bytes: bytes, number: $0.number + 1) }
    }

    private static func carry(_ from: Int32, _ to: Int32) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(from, &chunk, chunk.count), count > 0 {
            guard UnixSocket.send(chunk[..<count], to: to) else { break }
        }
        shutdown(to, Int32(SHUT_RDWR))
    }

    private func carryBack(_ server: Int32, _ client: Int32) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var (number, passed) = (0, 0)
        while case let count = read(server, &chunk, chunk.count), count > 0 {
            let plan = plan.withLock { $0 }
            if plan.number != number { (number, passed) = (plan.number, 0) }
            guard let fault = plan.fault, passed + count > plan.bytes else {
                passed += count
                guard UnixSocket.send(chunk[..<count], to: client) else { break }
                continue
            }
            _ = UnixSocket.send(chunk[..<(plan.bytes - passed)], to: client)
            switch fault {
            case .silence: return swallow(server)
            case .garbage: _ = UnixSocket.send([UInt8](repeating: 0xFF, count: 64)[...], to: client)
            case .end: break
            }
            break
        }
        shutdown(client, Int32(SHUT_RDWR))
        shutdown(server, Int32(SHUT_RDWR))
    }

    private func swallow(_ descriptor: Int32) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while read(descriptor, &chunk, chunk.count) > 0 {}
    }
}
