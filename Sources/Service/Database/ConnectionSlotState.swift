import Loading
import MariaDB
import Time

// The states of a connection slot. Each says which may follow; `ConnectionSlot.become` is where they change.

extension ConnectionSlot {
    enum State {
        /// There is no connection. It is tried again at `retryAt`; nil while the pool is being told of a
        /// loss, after which the slot decides. Next: resolving, closed.
        case down(retryAt: Instant?)
        /// The server's name is being looked up. Next: connecting, handshaking, down, closed.
        case resolving
        /// The connection is being made over TLS, on another thread. Next: idle, down, closed.
        case handshaking(ConnectAttempt, Deadline)
        /// The connection is being made, login and session setup among it. Next: idle, down, closed.
        case connecting(Connection, Deadline)
        /// The connection waits for a query. Next: busy, down, closed.
        case idle(Connection)
        /// A query is under way. Next: idle, recovering, down, closed.
        case busy(Connection, Execution)
        /// The query has ended, but the server is still being told to stop it: a new one could be hit.
        /// `isStopped`: it has ended because it was stopped. Next: idle, down, closed.
        case recovering(Connection, isStopped: Bool)
        /// The daemon ends. Nothing follows.
        case closed

        var connection: Connection? {
            switch self {
            case .connecting(let connection, _), .idle(let connection), .busy(let connection, _),
                .recovering(let connection, _):
                connection
            case .down, .resolving, .handshaking, .closed: nil
            }
        }

        /// The attempt that is under way on another thread.
        var attempt: ConnectAttempt? {
            if case .handshaking(let attempt, _) = self { attempt } else { nil }
        }

        /// When the connection is given up if connecting, or the query, has not ended; nil: never.
        var deadline: Deadline? {
            switch self {
            case .handshaking(_, let deadline), .connecting(_, let deadline): deadline
            case .busy(_, let execution): execution.deadline
            case .down, .resolving, .idle, .recovering, .closed: nil
            }
        }
    }

    /// When a connection is given up, whatever its server does.
    struct Deadline {
        var time: Instant
        var reason = Reason.silence

        enum Reason {
            /// The server did not answer in time.
            case silence
            /// The query is to be stopped, and the server that was asked to does not run it.
            case killMissed

            /// What is said of a connection that is given up for it.
            var error: DatabaseError {
                switch self {
                case .silence:
                    DatabaseError(
                        errno: ErrorNumber.serverLost, message: "the server did not answer in time",
                        kind: .unreachable)
                case .killMissed:
                    DatabaseError(
                        errno: ErrorNumber.serverLost,
                        message: "given up: nobody waits for its query, which the server that was asked to "
                            + "stop it does not run",
                        kind: .connectionLost)
                }
            }
        }
    }

    /// A query that is under way.
    struct Execution {
        let query: BatchQuery
        /// When the connection is given up if the query has not ended; nil: never.
        var deadline: Deadline?
        var kill = Kill.notAsked

        /// What has become of the wish that the query be stopped.
        enum Kill {
            /// Nobody wants the query stopped. Next: asking.
            case notAsked
            /// The server is being told to stop it. Next: told, notThere.
            case asking
            /// The server did not run the query. Next: asking.
            case notThere
            /// The server was told. Next: asking.
            case told
        }
    }
}
