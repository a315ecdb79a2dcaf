/// Why a query has no complete result, in the words that the engine decides by.
package struct QueryFailure: Hashable, Sendable {
    package enum Cause: Hashable, Sendable {
        /// The connection was good and is gone, and with it whatever the query would have brought.
        case connectionLost
        /// There is no connection: none came about, or the one that ran the query was given up.
        case noConnection
        /// The database answered with an error.
        case refused(ErrorScope)
    }

    package let cause: Cause
    /// The server's or the driver's error number.
    package let errno: UInt32
    /// What the server said, without number and state.
    package let message: String
    /// All of it: `1064 (42000): You have an error in your SQL syntax; …`
    package let description: String
    /// Whether the same query may succeed later without anybody mending anything.
    package let passesByItself: Bool

    package init(
        _ cause: Cause, errno: UInt32, message: String, description: String, passesByItself: Bool = false
    ) {
        self.cause = cause
        self.errno = errno
        self.message = message
        self.description = description
        self.passesByItself = passesByItself
    }
}

/// What an error that the database answers a query with is about, and so what is to be done.
package enum ErrorScope: Hashable, Sendable {
    /// The server, or our account there, whatever is asked: another server may answer.
    case server
    /// A table or column that the database does not have any more; the next catalog may have it again.
    case missingName
    /// A table or column that the account may not read any more; the next catalog will not have it.
    case accessDenied
    /// A table or view that the query needs, whichever the keys: asked again, it would fail again.
    case table
    /// This query at this moment, whichever the keys: asking again in halves would only add to the database's
    /// trouble.
    case moment
    /// A key or a value: the other keys can be asked without it.
    case keys
    /// Unknown: if one of the keys is to blame, the others can be asked without it.
    case unknown
}
