import Histogram
import Reactor
package import Time

/// When requests are sent.
enum Pace: Hashable, Sendable {
    /// Each client keeps this number of requests in flight, and sends the next one when one is answered.
    case closed(inFlight: Int)
    /// All clients together send this number of requests per second, as a Poisson process, whether earlier
    /// ones have been answered or not. A request's latency counts from when it was meant to be sent, so that
    /// waiting for a slow server is not left out ("coordinated omission").
    case open(perSecond: Double)
}

/// One contender with one pace, which is measured in one slot of every round.
final class Trial {
    let kind: ContenderKind
    let name: String
    let mix: String
    let pace: Pace
    let clients: Int
    let contender: any Contender
    var rounds: [Round] = []
    /// Microseconds; a longer latency counts as this.
    static let maxMicroseconds: UInt64 = 3_600_000_000
    /// The latencies of all rounds, in microseconds.
    var histogram = Histogram<UInt64>(
        highestTrackableValue: Trial.maxMicroseconds, numberOfSignificantValueDigits: .three)

    init(
        _ kind: ContenderKind, _ name: String, mix: String, pace: Pace, clients: Int,
        _ contender: any Contender
    ) {
        self.kind = kind
        self.name = name
        self.mix = mix
        self.pace = pace
        self.clients = clients
        self.contender = contender
    }

    /// Whether the daemon works during this trial, so that its counters and CPU time belong to it.
    var isKindred: Bool { kind == .kindred }

    /// CPU of clients, daemon and database together, in microseconds per load; nil if one of them is not
    /// known.
    func allCPU(_ round: Round) -> Double? {
        // Without kindred the daemon is idle: what little it uses belongs to no load.
        let daemon = isKindred ? round.daemonCPU : .zero
        guard let daemon, let database = round.databaseCPU else { return nil }
        return round.perLoad(round.clientCPU + daemon + database)
    }
}

/// What was measured in one slot.
struct Round {
    var seconds = 0.0
    /// Keys answered.
    var loads = 0
    var errors = 0
    var firstError: String?
    /// CPU time; nil where it cannot be known.
    var clientCPU = TimeSpan.zero
    var daemonCPU: TimeSpan?
    var databaseCPU: TimeSpan?
    /// Latencies in microseconds.
    var p50 = 0.0
    var p99 = 0.0
    /// Queries that the daemon sent, and the distinct keys in them.
    var queries = 0
    var keysSent = 0
    /// Queries by their number of keys, which is rounded down to a power of two.
    var batchSizes: [Int: Int] = [:]

    var perSecond: Double { Double(loads) / seconds }
    var keysPerQuery: Double { queries > 0 ? Double(keysSent) / Double(queries) : 0 }

    /// Microseconds of CPU per load; nil if nothing was answered, or if the time is not known.
    func perLoad(_ time: TimeSpan?) -> Double? {
        guard let time, loads > 0 else { return nil }
        return time / .microseconds(1) / Double(loads)
    }
}

/// How long and how often trials run.
package struct TrialTiming: Sendable {
    package var rounds = 5
    /// How long a trial runs in each round before it is measured.
    package var warmUp = TimeSpan.milliseconds(150)
    /// How long a trial is measured in each round.
    package var slot = TimeSpan.milliseconds(500)

    package init() {}
}
