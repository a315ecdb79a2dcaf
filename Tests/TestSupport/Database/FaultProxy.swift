import Foundation
import LineClient
package import PrivateServer
import Synchronization

/// A TCP proxy on a port of this machine, between a daemon and its database. Everything passes until a test
/// injects a fault into what the server sends, at one moment of the protocol.
package final class FaultProxy: Sendable {
    /// The moment of the protocol at which a fault is injected.
    package enum Moment: Sendable, Hashable {
        /// Nothing has been sent on a new connection.
        case greeting
        /// Half of the greeting has passed.
        case midGreeting
        /// The server's answer to the login has not passed.
        case login
        /// A query has arrived, nothing of its answer has passed.
        case answer
        /// The number of columns has passed, none of them has.
        case columns
        /// The columns have passed, no row has.
        case rows
        /// One row and half of the next have passed.
        case midRows
        /// All rows have passed, the packet that ends them has not.
        case end
        /// This many bytes have passed on a connection since the fault was set.
        case byte(Int)
    }

    package enum Action: Sendable {
        /// Nothing more comes from the server, and the connection stays open.
        case silence
        /// The connection is closed (FIN).
        case close
        /// The connection is reset (RST).
        case reset
        /// From now on every byte is sent alone.
        case trickle
        /// What the server sends is held back until `passEverything`.
        case hold
        /// The packet, header and body, is replaced by what the closure makes of it.
        case change(@Sendable ([UInt8]) -> [UInt8])
        /// Bytes that are no packet, and then FIN.
        case garbage
        /// A query with the marker does not reach the server; it is answered by an error with this number.
        /// The moment is `.answer`.
        case refuse(errno: UInt16)
    }

    package let port: UInt16
    private let listener: Int32
    private let faults = InjectedFaults()
    private let target: Target

    /// The server to which new connections are forwarded.
    private final class Target: Sendable {
        let path: Mutex<String>

        init(_ path: String) { self.path = Mutex(path) }
    }

    /// - Parameters:
    ///   - marker: text in those queries whose answers faults are injected into.
    ///   - isEncrypted: whether the daemon reaches the server over TLS. Then the proxy sees no packets, and
    ///     the only moments that come are those of `byte`; nothing is refused.
    package init(to server: PrivateServer, marker: String, isEncrypted: Bool = false) throws {
        (listener, port) = try Self.listen()
        target = Target(server.socketPath)
        // The threads do not hold the proxy: they end with the listener and the connections.
        Thread { [listener, faults, target] in
            while case let near = accept(listener, nil, nil), near >= 0 {
                let path = target.path.withLock { $0 }
                guard let far = try? LineClient.connect(.unix(path: path)) else {
                    Foundation.close(near)
                    continue
                }
                faults.start(
                    ProxiedConnection(
                        near: near, far: far, marker: Array(marker.utf8), isEncrypted: isEncrypted, faults))
            }
            Foundation.close(listener)
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        passEverything()
        resetConnections()
    }

    /// Injects a fault at a moment of the protocol from now on, on every connection; at most so many times.
    package func inject(_ action: Action, at moment: Moment, times: Int = .max) {
        faults.set(action, at: moment, times: times)
    }

    /// Forwards new connections to another server, as a load balancer would; existing ones stay where they
    /// are.
    package func routeNewConnections(to server: PrivateServer) {
        target.path.withLock { $0 = server.socketPath }
    }

    /// Ends the fault: everything passes from now on.
    package func passEverything() { faults.clear() }

    /// Resets every existing connection.
    package func resetConnections() { faults.resetConnections() }

    /// How often a fault was injected.
    package var injections: Int { faults.injections.load(ordering: .sequentiallyConsistent) }

    /// Listens on a free port of 127.0.0.1.
    static func listen() throws -> (Int32, UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Foundation.listen(descriptor, 64) == 0
            }
        }
        let isNamed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening, isNamed else { throw TestFailure(description: "no port to listen on") }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }
}
