import Batching
import Loading
import Reactor
import Relations
import Time
import Wire

extension Metric {
    /// All numbers without a label, in the order in which `stats` shows them.
    package static let all = loads + batches + faults + gauges + turns + process

    private static let loads = [
        Metric("requests", .counter, "request lines, also those that were no requests") {
            $0.counters.requests
        },
        Metric("replies", .counter, "reply lines") { $0.counters.replies },
        Metric("errors", .counter, "replies that were errors", advice: "see `errors_by_code`") {
            $0.counters.errors.values.reduce(0, +)
        },
        Metric("keys_asked", .counter, "keys that were asked for, `NULL` and unusable ones left out") {
            $0.counters.keysAsked
        },
        Metric(
            "keys_sent", .counter,
            "keys that were sent to the database, each once in a query; those that are asked again count again",
            advice:
                "`keys_asked` / `keys_sent` says how often clients ask for the same keys at the same time"
        ) { $0.counters.keysSent },
        Metric(
            "queries", .counter, "queries that were sent",
            advice:
                "`keys_sent` / `queries` is what batching gains; near 1, there is nobody to share a query with"
        ) { $0.counters.queries },
        Metric("rows", .counter, "rows that the database sent") { $0.counters.rows },
    ]

    private static let batches = [
        Metric(
            "splits", .counter,
            "batches whose keys were asked again in smaller ones, after an error or for keys with very many rows",
            advice: "if it grows steadily, the log names the refused queries"
        ) { $0.counters.splits },
        Metric(
            "kills", .counter,
            "queries that the server was told to stop, because nobody waited for them any more",
            advice: "clients give up often: compare their `timeout_ms` with the time of queries"
        ) { $0.counters.kills },
        released("released_idle", .idle, "queries sent at once, because none of their kind was in flight"),
        released("released_full", .full, "queries sent because they were full (`batching.max_keys`)"),
        released("released_gathered", .gathered, "queries sent because waiting gained nothing more"),
        released("released_deadline", .deadline, "queries sent because a request's deadline pressed"),
        released(
            "released_retry", .retry, "queries that were sent again, after an error or in smaller parts",
            advice: "see `splits`"),
    ]

    private static func released(
        _ name: StaticString, _ reason: ReleaseReason, _ help: String, advice: String = ""
    ) -> Metric {
        Metric(name, .counter, help, advice: advice) { $0.counters.queries(released: reason) }
    }

    private static let faults = [
        Metric(
            "stray_rows", .counter, "rows that belonged to none of the keys asked for",
            advice: "must stay 0: report it", expect: .alwaysZero
        ) { $0.counters.strayRows },
        Metric(
            "surplus_rows", .counter, "rows of to-one relationships beyond the first",
            advice: "the column is not unique: configure the relationship as `kind = \"many\"`"
        ) { $0.counters.surplusRows },
        Metric(
            "sessions_accepted", .counter, "client connections",
            advice: "if it grows like `requests`, clients connect anew for each request"
        ) { $0.counters.sessionsAccepted },
        Metric(
            "slow_readers_dropped", .counter,
            "clients that were disconnected because they did not read their replies",
            advice: "the log has the bound that they met"
        ) { $0.counters.slowReadersDropped },
    ]

    private static let gauges = [
        Metric(
            "sessions", .gauge, "clients that are connected", advice: "bound: `listen.max_clients`"
        ) { $0.sessions },
        Metric("waiting_requests", .gauge, "requests that have no answer yet", expect: .zeroAtRest) {
            $0.engine.context.loads.count
        },
        Metric(
            "queued_keys", .gauge,
            "distinct keys that wait for a query (`batching.max_queued_keys` bounds `keys_on_their_way`)",
            advice: "if it stays high, the database is the bottleneck", expect: .zeroAtRest
        ) { $0.engine.batcher.queuedKeys },
        Metric(
            "keys_on_their_way", .gauge, "keys of requests that have no answer yet",
            advice: "bound: `batching.max_queued_keys`", expect: .zeroAtRest
        ) { $0.engine.context.loads.keyCount },
        Metric("in_flight", .gauge, "queries that the database is working on", expect: .zeroAtRest) {
            $0.engine.batcher.inFlight
        },
        Metric(
            "in_flight_limit", .gauge,
            "queries that may be in flight at the moment, as the daemon has found by measuring",
            advice:
                "if it equals `database.connections` and keys are queued, more connections may help"
        ) { $0.engine.batcher.inFlightLimit },
        Metric("connections", .gauge, "connections to the database", advice: "0: no database") {
            $0.pool?.openConnections ?? 0
        },
        Metric(
            "server_changes", .counter, "times that another of several servers was taken into use",
            advice: "see the log"
        ) { $0.pool?.serverChanges ?? 0 },
        Metric(
            "result_bytes", .gauge, "memory of waiting requests, rows and unsent replies", in: .bytes,
            advice: "bound: `limits.result_bytes`", expect: .zeroWithoutClients
        ) { $0.engine.context.memory.bytes },
        Metric(
            "routes", .gauge,
            "relationships, each once more for every filter, order and limit that is remembered"
        ) { $0.engine.templates.count },
        Metric("relationships", .gauge, "relationships that can be loaded") {
            $0.engine.templates.catalog.relationships.count
        },
    ]

    private static let turns = [
        turn("turn_p50_us", "half of the turns of the daemon's thread since the start were shorter") {
            $0.percentile(50)
        },
        turn("turn_p99_us", "99 turns in 100 were shorter: what everybody else waits at most, as a rule") {
            $0.percentile(99)
        },
        turn(
            "turn_max_us", "the longest turn since the start",
            advice: "long turns come from very long replies"
        ) { $0.longest },
    ]

    private static func turn(
        _ name: StaticString, _ help: String, advice: String = "",
        read: @escaping @Sendable (TurnHistogram) -> Int
    ) -> Metric {
        Metric(name, .gauge, help, in: .microseconds, advice: advice) { read($0.turns) }
    }

    /// The process's own numbers. Nobody else can tell them over TCP, in another container, or behind a
    /// socket that a service manager has made.
    private static let process = [
        Metric("cpu_us", .counter, "processor time of the daemon", in: .microseconds) { _ in
            Int(OwnProcess.processorTime.microseconds)
        },
        Metric("resident_bytes", .gauge, "memory of the daemon; missing without /proc", in: .bytes) { _ in
            OwnProcess.residentBytes
        },
    ]
}

extension MetricGroup {
    /// All groups, in the order in which `stats` shows them, behind the numbers.
    package static let all = [
        MetricGroup(
            "errors_by_code", "counters", by: "code", "replies that were errors, by the protocol's code",
            advice: "`overloaded`: a bound was met, see [Bounds](CONFIGURATION.md#bounds)"
        ) { observation in
            // {"overloaded":3,"timeout":1}
            Failure.Code.allCases.compactMap { code in
                observation.counters.errors[code].map { (code.rawValue, .number($0)) }
            }
        },
        MetricGroup(
            "servers", "states", by: "server",
            "each database server: `active`, `well`, `refusing`, `lagging`, `unwell`, `unknown`"
        ) { observation in
            // {"db1:3306":"unwell","db2:3306":"active"}
            (observation.pool?.serverStates ?? []).map { ($0.name, .text($0.state)) }
        },
        MetricGroup(
            "batch_sizes", "counters", by: "size",
            "queries by their number of keys: `\"4\":80` are 80 queries of 4 to 7 keys"
        ) { observation in
            // {"1":17,"2":5,"4":80}: 17 queries of one key, 5 of 2 or 3, 80 of 4 to 7
            observation.counters.batchSizes.counts.enumerated().filter { $0.element > 0 }.map {
                exponent, count in (String(1 << exponent), .number(count))
            }
        },
        MetricGroup(
            "by_relationship", "counters", by: "relationship",
            "`keys_asked`, `keys_sent`, `queries` and `rows` of each relationship that was asked for, and its settings `window_us`, `max_keys`, `priority`",
            advice: "which relationship is the load"
        ) { observation in
            // {"authors.books":{"keys_asked":64,…,"window_us":1000,"max_keys":500,"priority":0}}
            let used = observation.engine.templates.counters.filter { $0.value.keysAsked > 0 }
            return used.sorted { $0.key < $1.key }.map { name, counters in
                let policy = observation.engine.templates.policy(of: name)
                let numbers: StatsReply.Numbers = [
                    ("keys_asked", counters.keysAsked), ("keys_sent", counters.keysSent),
                    ("queries", counters.queries), ("rows", counters.rows),
                    ("window_us", Int(policy.window.microseconds)), ("max_keys", policy.maxKeys),
                    ("priority", policy.priority),
                ]
                return (name, .numbers(numbers))
            }
        },
    ]
}
