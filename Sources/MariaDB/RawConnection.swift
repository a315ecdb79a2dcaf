package import CMariaDB
import COpenSSL

/// A connection whose libmariadb handle its owner uses directly. It exists for what `Connection` and
/// `BlockingClient` do not offer, which is the bench's prepared statements; nothing else should need it.
package final class RawConnection {
    /// Valid as long as this object lives. It was made for libmariadb's non-blocking functions.
    package let handle: UnsafeMutablePointer<MYSQL>

    /// Connects, and waits until the connection is made.
    package init(_ endpoint: Endpoint) throws(DatabaseError) {
        handle = makeHandle(for: endpoint, .nonBlocking)
        let error = connectWaiting(handle, ConnectArguments(endpoint), to: endpoint)
        // All properties are set, so that `deinit` closes the handle.
        if let error { throw error }
    }

    deinit { closeHandle(handle) }

    /// Empties this thread's queue of OpenSSL errors, as must be done before each call of libmariadb; see
    /// `Connection`.
    package func clearErrors() { ERR_clear_error() }

    /// The error of the last call on the handle, which has failed.
    package var lastError: DatabaseError { DatabaseError(of: handle, during: .connected) }

    /// The error of the last call on a prepared statement of this connection, which has failed.
    package func lastError(of statement: UnsafeMutablePointer<MYSQL_STMT>) -> DatabaseError {
        DatabaseError(of: statement)
    }

    /// What a suspended operation waits for.
    /// - Parameter events: `MYSQL_WAIT_READ` and the like, as `mysql_…_start` and `mysql_…_cont` return them.
    package func waiting(for events: Int32) -> Progress {
        let events = Readiness(rawValue: events).intersection([.readable, .writable])
        return .waiting(
            Interest(fileDescriptor: mysql_get_socket(handle), events: events, timeoutMilliseconds: nil))
    }
}
