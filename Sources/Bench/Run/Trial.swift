import Histogram
import Reactor

/// How loads are asked for.
enum Pace: Hashable, Sendable {
    /// Each client has so many requests on their way, and sends the next when one is answered.
    case closed(inFlight: Int)
    /// So many requests per second come from all clients together, as a Poisson process, whether those before have
    /// been answered or not. A request's time counts from when it was meant to be sent, so that waiting for a slow
    /// server is not left out ("coordinated omission").
    case open(perSecond: Double)
}

/// One thing that is measured, in one slot of every round.
final class Trial {
    let rival: Rival
    let name: String
    let mix: String
    let pace: Pace
    let clients: Int
    let contender: any Contender
    var rounds: [Round] = []
    /// Microseconds; what takes longer counts as this.
    static let longest: UInt64 = 3_600_000_000
    /// Of all rounds, in microseconds.
    var histogram = Histogram<UInt64>(
        highestTrackableValue: Trial.longest, numberOfSignificantValueDigits: .three)

    init(_ rival: Rival, _ name: String, mix: String, pace: Pace, clients: Int, _ contender: any Contender) {
        self.rival = rival
        self.name = name
        self.mix = mix
        self.pace = pace
        self.clients = clients
        self.contender = contender
    }

    /// Whether the daemon's counters belong to it.
    var isKindred: Bool { rival == .kindred }

    /// CPU of clients, daemon and database together, in microseconds per load; nil if one of them is not known.
    func allCPU(_ round: Round) -> Double? {
        // The daemon's, which is idle then, belongs to nobody else's loads.
        let daemon = isKindred ? round.daemonCPU : 0
        guard let daemon, let database = round.databaseCPU else { return nil }
        return round.perLoad(round.clientCPU + daemon + database)
    }
}

/// What one slot has shown.
struct Round {
    var seconds = 0.0
    /// Keys answered.
    var loads = 0
    var errors = 0
    var firstError: String?
    /// Nanoseconds of CPU; nil where it cannot be known.
    var clientCPU: Int64 = 0
    var daemonCPU: Int64?
    var databaseCPU: Int64?
    /// Microseconds.
    var p50 = 0.0
    var p99 = 0.0
    /// Queries that the daemon sent, and distinct keys in them.
    var queries = 0
    var keysSent = 0
    /// Queries by their number of keys: the least of each power of two.
    var batchSizes: [Int: Int] = [:]

    var perSecond: Double { Double(loads) / seconds }
    var keysPerQuery: Double { queries > 0 ? Double(keysSent) / Double(queries) : 0 }

    /// Microseconds of CPU per load; nil if nothing was answered or it is not known.
    func perLoad(_ nanoseconds: Int64?) -> Double? {
        guard let nanoseconds, loads > 0 else { return nil }
        return Double(nanoseconds) / 1000 / Double(loads)
    }
}

/// How long trials run.
package struct Plan: Sendable {
    package var rounds = 5
    /// Nanoseconds that a trial runs in a round before it is measured, and while it is.
    package var warmUp: Int64 = 150_000_000
    package var slot: Int64 = 500_000_000

    package init() {}
}
