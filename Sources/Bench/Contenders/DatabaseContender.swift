import DequeModule
import Time

/// Queries the database directly, one query at a time on the connection of each client, as applications
/// without kindred do.
final class DatabaseContender: Contender {
    var onDone: (Completion) -> Void = { _ in }
    private let runners: [any BenchQueryRunner]
    private let keysPerQuery: Int
    private var source: WorkloadMix.Source
    /// For each client, when each of the loads that wait for its connection was meant to be sent.
    private var waiting: [Deque<Instant>]
    private(set) var outstanding = 0

    init(_ mix: WorkloadMix, _ runners: [any BenchQueryRunner], keysPerQuery: Int) {
        self.runners = runners
        self.keysPerQuery = keysPerQuery
        source = mix.source()
        waiting = Array(repeating: [], count: runners.count)
    }

    func issue(client: Int, intended: Instant) {
        outstanding += 1
        if runners[client].isIdle { start(client, intended) } else { waiting[client].append(intended) }
    }

    func flush() {}

    private func start(_ client: Int, _ intended: Instant) {
        let (part, places) = source.next(keys: keysPerQuery)
        runners[client].run(part, places) { [unowned self] error in
            outstanding -= 1
            if let error, error.isConnectionLost {
                return onDone(
                    Completion(client: client, intended: intended, loads: keysPerQuery, error: error))
            }
            if let next = waiting[client].popFirst() { start(client, next) }
            onDone(Completion(client: client, intended: intended, loads: keysPerQuery, error: error))
        }
    }
}
