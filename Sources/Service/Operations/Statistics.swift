import Batching
import Loading
import Reactor
import Relations
import Wire

/// What the daemon has done and is doing, as numbers.
struct Statistics {
    let engine: Engine
    let pool: ConnectionPool?
    let sessions: Int
    let turns: TurnHistogram

    // {"requests":320,…,"connections":4,"batch_sizes":{…},"by_relationship":{…}}
    var reply: StatsReply {
        let gauges: StatsReply.Numbers = [
            ("sessions", sessions), ("waiting_requests", engine.context.loads.count),
            ("queued_keys", engine.batcher.queuedKeys), ("keys_on_their_way", engine.context.loads.keyCount),
            ("in_flight", engine.batcher.inFlight),
            ("in_flight_limit", engine.batcher.inFlightLimit),
            ("connections", pool?.openConnections ?? 0),
            ("server_changes", pool?.serverChanges ?? 0), ("result_bytes", engine.context.memory.bytes),
            ("routes", engine.templates.count),
            ("relationships", engine.templates.catalog.relationships.count),
        ]
        return StatsReply(
            numbers: engine.context.counters.members + gauges + turns.members + process,
            groups: [
                .init("errors_by_code", errors), .init("servers", servers),
                .init("batch_sizes", batchSizes), .init("by_relationship", relationships),
            ])
    }

    private typealias Members = [(name: String, value: StatsReply.Value)]

    /// The process's own numbers. Nobody else can tell its number over TCP, in another container, or behind a socket
    /// that a service manager has made.
    private var process: StatsReply.Numbers {
        var members: StatsReply.Numbers = [("cpu_us", Int(OwnProcess.processorTime / 1000))]
        if let bytes = OwnProcess.residentBytes { members.append(("resident_bytes", bytes)) }
        return members
    }

    // {"overloaded":3,"timeout":1}
    private var errors: Members {
        Failure.Code.allCases.compactMap { code in
            engine.context.counters.errors[code].map { (code.rawValue, .number($0)) }
        }
    }

    // {"db1:3306":"unwell","db2:3306":"active"}
    private var servers: Members {
        (pool?.serverStates ?? []).map { ($0.name, .text($0.state)) }
    }

    // {"1":17,"2":5,"4":80}: 17 queries of one key, 5 of 2 or 3, 80 of 4 to 7
    private var batchSizes: Members {
        engine.context.counters.batchSizes.counts.enumerated().filter { $0.element > 0 }.map {
            exponent, count in
            (String(1 << exponent), .number(count))
        }
    }

    // {"authors.books":{"keys_asked":64,…,"window_us":1000,"max_keys":500,"priority":0}}
    private var relationships: Members {
        let used = engine.templates.counters.filter { $0.value.keysAsked > 0 }.sorted {
            $0.key < $1.key
        }
        return used.map { name, counters in
            let policy = engine.templates.policy(of: name)
            let settings: StatsReply.Numbers = [
                ("window_us", Int(policy.window / 1000)), ("max_keys", policy.maxKeys),
                ("priority", policy.priority),
            ]
            return (name, .numbers(counters.members + settings))
        }
    }
}
