import CMariaDB

/// What a connection waited for and has happened: its descriptor is ready, or its time is over. The loop has
/// a type of the same name, because the driver and the loop do not know each other.
package struct Readiness: OptionSet, Sendable, Hashable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    // The bits of MYSQL_WAIT_…, so that they pass to libmariadb unchanged.
    package static let readable = Readiness(rawValue: MYSQL_WAIT_READ)
    package static let writable = Readiness(rawValue: MYSQL_WAIT_WRITE)
    package static let timedOut = Readiness(rawValue: MYSQL_WAIT_TIMEOUT)
}

/// What a connection waits for. Treat a hang-up or an error of the descriptor as readable.
package struct Interest: Sendable, Hashable {
    /// The connection's descriptor, which may differ from the last one while connecting.
    package let fileDescriptor: Int32
    /// `.readable` and `.writable` only.
    package let events: Readiness
    /// Resume with `.timedOut` after so many milliseconds; `nil`: wait as long as it takes.
    package let timeoutMilliseconds: UInt32?

    package init(fileDescriptor: Int32, events: Readiness, timeoutMilliseconds: UInt32?) {
        self.fileDescriptor = fileDescriptor
        self.events = events
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

/// Where a connection stands after a call.
package enum Progress: Sendable, Hashable {
    /// Nothing to do until one of these happens; then call `resume(ready:)`.
    case waiting(Interest)
    /// Connected, the session setup has run; idle.
    case connected
    /// The statement has a result, whose columns the connection knows, and its rows can be fetched.
    case columns
    /// `currentRow` has the next row.
    case row
    /// All rows have been fetched; idle again.
    case end
    /// The statement had no result; idle again.
    case done
    /// Idle again if the kind is `.statement`; otherwise only `close()` may follow.
    case failed(DatabaseError)
}
