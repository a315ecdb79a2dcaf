import Foundation
import LineClient
package import PrivateServer
import Synchronization

/// A man in the middle between the daemon and its database, on a TCP port of this machine: he lets everything pass,
/// until he is told what to do to what the server sends, and when.
package final class Meddler: Sendable {
    /// Where something happens.
    package enum Moment: Sendable, Hashable {
        /// Nothing has been sent on a new connection.
        case greeting
        /// Half of the greeting has passed.
        case amidGreeting
        /// The server's word on the login has not passed.
        case login
        /// A query has arrived, nothing of its answer has passed.
        case answer
        /// The number of columns has passed, none of them has.
        case columns
        /// The columns have passed, no row has.
        case rows
        /// One row and half of the next have passed.
        case amidRows
        /// All rows have passed, not what says so.
        case end
        /// So many bytes have passed since the order, on whatever connection.
        case byte(Int)
    }

    package enum Deed: Sendable {
        /// Nothing more comes from the server, and nobody says so.
        case silence
        /// FIN.
        case close
        /// RST.
        case reset
        /// From now on every byte comes alone.
        case trickle
        /// What comes is kept until `allowAll`.
        case hold
        /// This comes in place of the packet: its header and its body.
        case change(@Sendable ([UInt8]) -> [UInt8])
        /// What is no packet, and then FIN.
        case garbage
        /// A query of those that he cares about does not reach the server; the error comes in place of its answer. The
        /// moment is `.answer`.
        case refuse(errno: UInt16)
    }

    package let port: UInt16
    private let listener: Int32
    private let orders = MeddlerOrders()
    private let target: Target

    /// Where new connections lead.
    private final class Target: Sendable {
        let path: Mutex<String>

        init(_ path: String) { self.path = Mutex(path) }
    }

    /// - Parameter marker: what stands in the queries that he cares about.
    package init(to server: PrivateServer, marker: String) throws {
        (listener, port) = try Self.listen()
        target = Target(server.socketPath)
        // Not held by its own threads: they end with the listener and the connections.
        Thread { [listener, orders, target] in
            while case let near = accept(listener, nil, nil), near >= 0 {
                let path = target.path.withLock { $0 }
                guard let far = try? LineClient.connect(.unix(path: path)) else {
                    Foundation.close(near)
                    continue
                }
                orders.start(MeddledConnection(near: near, far: far, marker: Array(marker.utf8), orders))
            }
            Foundation.close(listener)
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        allowAll()
        cut()
    }

    /// From now on this happens at that moment, on every connection or so many times.
    package func order(_ deed: Deed, at moment: Moment, times: Int = .max) {
        orders.give(deed, at: moment, times: times)
    }

    /// New connections lead to this server, as behind a load balancer; those that there are stay where they are.
    package func lead(to server: PrivateServer) {
        target.path.withLock { $0 = server.socketPath }
    }

    /// From now on everything passes; what has been done stays done.
    package func allowAll() { orders.takeBack() }

    /// Resets every connection that there is.
    package func cut() { orders.cut() }

    /// How often an order was carried out.
    package var deeds: Int { orders.deeds.load(ordering: .sequentiallyConsistent) }

    private static func listen() throws -> (Int32, UInt16) {
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
        guard isListening, isNamed else { throw NeverHappened(description: "no port to listen on") }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }
}
