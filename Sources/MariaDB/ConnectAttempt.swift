import CMariaDB
import Glibc
import Synchronization

/// An attempt to connect over TLS, which waits on a thread of its own: libmariadb's non-blocking functions
/// block in a handshake. Any thread may give it up.
package final class ConnectAttempt: Sendable {
    private struct State {
        var isGivenUp = false
        /// A duplicate of the connection's descriptor, which stays ours when libmariadb has closed its own;
        /// -1 before the server has said anything, and afterwards.
        var socket: Int32 = -1
    }

    /// The attempts that are under way, by the address of their handle: libmariadb tells what it reads by the
    /// handle only.
    private static let underWay = Mutex<[UInt: ConnectAttempt]>([:])

    private let state = Mutex(State())
    /// The connection that came about, until it is taken. Whoever waits in the attempt holds the lock.
    private let connection = Mutex<Connection?>(nil)

    package init() {}

    deinit { forgetSocket() }

    /// Connects and runs the session setup; waits until that has ended. `take()` then has the connection.
    /// - Returns: the error; nil if there is a connection.
    package func run(_ endpoint: Endpoint) -> DatabaseError? {
        defer { forgetSocket() }
        return connection.withLock { place in
            let connection = Connection(endpoint)
            let key = connection.address
            Self.underWay.withLock { $0[key] = self }
            let error = connection.connectWaiting()
            Self.underWay.withLock { $0[key] = nil }
            if error == nil { place = connection }
            return error
        }
    }

    /// The connection, which is idle, after `run` has ended; nil if there is none, or it was taken.
    package func take() -> Connection? {
        connection.withLock { connection in
            defer { connection = nil }
            return connection
        }
    }

    /// Lets the attempt fail as if the server had hung up: at once, or if nothing has come from the server
    /// yet, when something does or the time for connecting is over.
    package func giveUp() {
        state.withLock { state in
            state.isGivenUp = true
            shutdown(state.socket, Int32(SHUT_RDWR))
        }
    }

    /// Bytes have come from the server of an attempt, the first ones.
    static func heard(on handle: Handle) {
        underWay.withLock { $0[UInt(bitPattern: handle)] }?.heard(on: mysql_get_socket(handle))
    }

    private func heard(on socket: Int32) {
        state.withLock { state in
            if state.socket < 0 { state.socket = fcntl(socket, F_DUPFD_CLOEXEC, 0) }
            if state.isGivenUp { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    private func forgetSocket() {
        state.withLock { state in
            if state.socket >= 0 { close(state.socket) }
            state.socket = -1
        }
    }
}
