/// What the words of a report mean, as far as they stand in it.
struct Glossary {
    typealias Term = (name: String, meaning: String)

    private(set) var terms: [Term] = []

    init(_ trials: [Report.TrialRecord]) {
        guard !trials.isEmpty else { return }
        add(
            "load",
            "the rows that belong to one parent, asked for by its key, such as the books of one author")
        for kind in ContenderKind.allCases {
            guard let first = trials.first(where: { $0.kind == kind }) else { continue }
            // In an open loop kindred has no number of requests in flight.
            let name = kind == .kindred ? "kindred, … in flight" : first.name
            if kind != .kindred || trials.contains(where: { $0.kind == kind && $0.inFlight != nil }) {
                add(name, Self.meaning(of: kind))
            }
        }
        if trials.contains(where: { $0.inFlight != nil }) {
            add(
                "closed loop",
                """
                a client sends its next request when one is answered. So the number of requests that wait is fixed, \
                and latency grows with it: p50 with 8 in flight is longer than with 1
                """)
        }
        if trials.contains(where: { $0.requestsPerSecond != nil }) {
            add(
                "open loop",
                "requests come at a fixed rate, answered or not; a latency counts from when a request was due"
            )
        }
        add("p50, p99", "half of the requests, or 99 of 100, took no longer than this many milliseconds (ms)")
        add(
            "client, daemon, database, all CPU",
            "CPU time of these processes, and of all of them, in microseconds (µs) per load")
    }

    private mutating func add(_ name: String, _ meaning: String) { terms.append((name, meaning)) }

    private static func meaning(of kind: ContenderKind) -> String {
        switch kind {
        case .kindred:
            """
            each client keeps this number of requests on their way to the daemon: 8 as an asynchronous \
            application does; with 1 it waits for each answer before it asks again
            """
        case .text:
            """
            without kindred: each client has a connection to the database and sends one query for each load, \
            one after another, as most drivers do (N+1 queries)
            """
        case .prepared: "the same with prepared statements"
        case .page:
            """
            without kindred: each client asks for the keys of a whole page in one query, as a loader within one \
            process does. Its latencies are those of whole queries
            """
        case .ideal:
            """
            a few connections with long queries, whose rows are written as JSON and thrown away: no program \
            between clients and database can do better. A bound, not a contender
            """
        }
    }
}
