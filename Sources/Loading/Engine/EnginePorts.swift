package import Time

// What the engine needs of the world: a clock with one alarm, and somebody who runs its queries. The daemon
// gives it its event loop and its connections; the simulation in the tests gives it a clock and a database of
// its own.

/// A monotonic clock with one alarm.
package protocol EngineClock: AnyObject {
    /// The time of the last look at the clock, which is the beginning of the turn unless somebody has called
    /// ``refresh()`` since.
    var now: Instant { get }

    /// Looks at the clock again, where the length of a turn matters.
    func refresh()

    /// Sets the alarm: there will be another turn at `time`, unless one comes before; nil clears it.
    func wake(at time: Instant?)
}

/// The connections to the database.
package protocol QueryRunner: AnyObject {
    /// Why there is no database: no connection is up and the last attempt to make one has failed. Nil while
    /// there is hope.
    var outage: QueryFailure? { get }

    /// Whether `run` may be called.
    var hasFreeConnection: Bool { get }

    /// Sends a query's statement. Its rows go to the query, and its end, sooner or later, to
    /// ``Engine/finished(_:_:)``.
    /// - Precondition: `hasFreeConnection`
    func run(_ query: BatchQuery)

    /// Has the server stop a query whose rows nobody wants any more. Its end is reported like any other.
    func kill(_ query: BatchQuery)
}

/// What happens in the engine that the world should know of: the daemon logs it, and reads an outdated
/// catalog again.
package enum EngineEvent {
    /// A request was answered with `timeout`.
    case requestTimedOut(reason: String)
    /// The database refused a query, and those who waited for it were told so.
    case queryRefused(BatchQuery, QueryFailure)
    /// The keys of a query are asked again in smaller parts.
    case querySplit(BatchQuery)
    /// A query that nobody waits for any more is being stopped.
    case queryKilled(BatchQuery)
    /// Rows came back that belong to no key asked for.
    case strayRows(BatchQuery)
    /// The server's answer shows that the catalog is out of date.
    case catalogOutdated
}
