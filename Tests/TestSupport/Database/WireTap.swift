import Foundation
import LineClient
import Synchronization

/// Somebody in the middle between clients and a database server, on a port of 127.0.0.1: it keeps what the
/// clients have sent, and may meddle with what they hear.
package final class WireTap: Sendable {
    package enum Meddling: Sendable {
        case none
        /// The greeting does not say any more that the server can speak TLS.
        case hideTLS
        /// The greeting passes, and nothing after it. The connection stays open.
        case fallSilent
        /// The greeting passes; the connection is reset when the client answers it.
        case reset
        /// The greeting passes, and then a byte each 100 ms, of a TLS record that never ends.
        case dribble
    }

    package let port: UInt16
    private let listener: Int32
    private let log = Log()

    private final class Log: Sendable {
        let sent = Mutex<[UInt8]>([])
        let descriptors = Mutex<[Int32]>([])
        let meddling = Mutex(Meddling.none)
    }

    /// Everything that clients have sent so far.
    package var sent: [UInt8] { log.sent.withLock { $0 } }

    /// Connections that were accepted so far.
    package var connections: Int { log.descriptors.withLock(\.count) }

    /// - Parameter server: the port of 127.0.0.1 that the server listens on.
    package init(to server: UInt16, _ meddling: Meddling = .none) throws {
        log.meddling.withLock { $0 = meddling }
        (listener, port) = try FaultProxy.listen()
        Thread { [listener, log] in
            while case let near = accept(listener, nil, nil), near >= 0 {
                guard let far = try? LineClient.connect(.tcp(host: "127.0.0.1", port: server)) else {
                    close(near)
                    continue
                }
                log.descriptors.withLock { $0.append(near) }
                Self.carry(from: near, to: far, log)
                Self.answer(from: far, to: near, log)
            }
            close(listener)
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        resetConnections()
    }

    /// What happens on connections that are made from now on.
    package func meddle(_ meddling: Meddling) { log.meddling.withLock { $0 = meddling } }

    /// Ends all connections.
    package func resetConnections() {
        for descriptor in log.descriptors.withLock({ $0 }) { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    // Descriptors are closed by nobody, so that their numbers stay those of their connections.

    private static func carry(from near: Int32, to far: Int32, _ log: Log) {
        Thread {
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = recv(near, &chunk, chunk.count, 0), count > 0 {
                log.sent.withLock { $0 += chunk[..<count] }
                if case .reset = log.meddling.withLock({ $0 }) { reset(near) }
                guard UnixSocket.send(chunk[..<count], to: far) else { break }
            }
            shutdown(far, Int32(SHUT_RDWR))
        }.start()
    }

    private static func answer(from far: Int32, to near: Int32, _ log: Log) {
        Thread {
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let meddling = log.meddling.withLock { $0 }
            var isGreeting = true
            while case let count = recv(far, &chunk, chunk.count, 0), count > 0 {
                var bytes = Array(chunk[..<count])
                if isGreeting, case .hideTLS = meddling { hideTLS(in: &bytes) }
                guard UnixSocket.send(bytes[...], to: near) else { break }
                guard isGreeting else { continue }
                isGreeting = false
                switch meddling {
                case .none, .hideTLS, .reset: break
                case .fallSilent: while recv(far, &chunk, chunk.count, 0) > 0 {}
                case .dribble: dribble(to: near)
                }
            }
            shutdown(near, Int32(SHUT_RDWR))
        }.start()
    }

    /// The capabilities' lower half stands behind the header, the protocol, the version, the connection's
    /// number, eight bytes of the scramble, and a zero: https://mariadb.com/kb/en/connection/
    private static func hideTLS(in greeting: inout [UInt8]) {
        guard let end = greeting[5...].firstIndex(of: 0) else { return }
        greeting[end + 1 + 4 + 8 + 1 + 1] &= ~0x08  // CLIENT_SSL is 0x0800
    }

    /// A record of a handshake with 16,000 bytes.
    private static func dribble(to near: Int32) {
        let record: [UInt8] = [22, 3, 3, 0x3E, 0x80] + [UInt8](repeating: 2, count: 16_000)
        for byte in record {
            guard UnixSocket.send([byte], to: near) else { break }
            usleep(100_000)
        }
    }

    private static func reset(_ descriptor: Int32) {
        var nobody = sockaddr()
        nobody.sa_family = sa_family_t(AF_UNSPEC)
        connect(descriptor, &nobody, socklen_t(MemoryLayout<sockaddr>.size))
    }
}
