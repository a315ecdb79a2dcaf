import Time

/// A kind of contender that a comparison can have.
package enum ContenderKind: String, Encodable, Sendable, CaseIterable {
    /// The daemon.
    case kindred
    /// One text query for each key, each client on a connection of its own: the N+1 queries that most drivers
    /// send.
    case text
    /// One prepared statement for each key, each client on a connection of its own.
    case prepared
    /// One query for the keys of a page, as a loader within one process sends them.
    case page
    /// Queries of the best size on the best number of connections, whose rows are encoded and thrown away: no
    /// proxy can do better.
    case ideal
}

/// Has loads answered, on behalf of a number of clients.
protocol Contender: AnyObject {
    /// Called when a request has been answered, or has failed.
    var onDone: (Completion) -> Void { get set }
    /// Requests that have neither been answered nor failed.
    var outstanding: Int { get }

    /// Draws the next load and sends it, as soon as the client's connection is free.
    /// - Parameter intended: When the client wanted to send it.
    func issue(client: Int, intended: Instant)

    /// Writes the requests that were issued during this turn of the loop.
    func flush()
}

/// The end of one request.
struct Completion {
    let client: Int
    /// When the client wanted to send the request.
    let intended: Instant
    /// Keys whose rows have come.
    let loads: Int
    let error: RequestFailure?
}

/// Why a request has no answer.
struct RequestFailure {
    let message: String
    /// Whether the connection is gone, so that further requests on it would fail as well.
    let isConnectionLost: Bool
}

/// Why the bench cannot measure, in one line.
package struct BenchError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
