import Batching
import MariaDB
import Relations
import Wire

// What the engine needs of the world. The daemon gives it its loop, sessions and connections; the simulation in the
// tests gives it a clock and a database of its own.

/// The clock, and the one alarm of the engine.
protocol EngineClock: AnyObject {
    /// Monotonic nanoseconds, as they were when somebody last looked at the clock: at the begin of a turn, if not since.
    var now: Int64 { get }

    /// Looks at the clock again: where the length of a turn matters.
    func refresh()

    /// Another turn comes at that time, if none comes before; nil: none is needed.
    func wake(at time: Int64?)
}

/// Who asked, and is owed replies.
protocol Client: AnyObject {
    var share: FairShare { get set }
    /// Of all its loads that wait; the engine counts them.
    var keysOnTheirWay: Int { get set }

    func owe(_ load: PendingLoad)

    /// The load has its reply now, or needs none any more.
    func settle(_ load: PendingLoad)

    /// `write` leaves the output as it was if it returns a failure to send instead.
    func reply(_ requestID: RequestID?, write: (inout ByteBuffer) -> Failure?)

    func reply(_ failure: Failure, to requestID: RequestID?)

    /// Takes over a long reply, a whole line.
    func reply(_ requestID: RequestID?, moving reply: inout ByteBuffer)

    /// Whether the reply to a load whose answers are all there may be written, or is to be kept until others have been
    /// read.
    func hasRoom(for load: PendingLoad) -> Bool
    /// Whether a long reply is being written; then no other is begun.
    var awaitsLongReply: Bool { get set }
    /// Keeps a load whose answers are all there until there is room, and says so in the load; false if too much is held for this client.
    func hold(_ load: PendingLoad) -> Bool
}

/// The connections to the database.
protocol QueryRunner: AnyObject {
    /// Why no connection is up and the last attempt to have one has failed; nil while there is hope.
    var outage: DatabaseError? { get }
    var openConnections: Int { get }
    /// Each server and how it is, in the order of preference.
    var serverStates: [(name: String, state: String)] { get }
    /// How often another server was chosen.
    var serverChanges: Int { get }
    var hasFreeConnection: Bool { get }

    /// Sends a query's statement. Its end is reported to the engine, sooner or later.
    /// - Precondition: `hasFreeConnection`
    func run(_ query: BatchQuery)

    /// Has the server stop a query whose rows nobody wants any more. Its end is reported like any other.
    func kill(_ query: BatchQuery)
}
