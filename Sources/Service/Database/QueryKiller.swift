import MariaDB
import Reactor

/// Has servers stop queries, over a connection of its own, which is made for the purpose on another thread
/// and lives for one round of kills. Each server has rounds of its own: one that is silent holds up no other.
///
/// Behind a load balancer that connection may lead to another server, where the query's thread belongs to
/// somebody else: a query is stopped only if it is found there under its number and with its text
/// (go-sql-driver/mysql #791).
final class QueryKiller {
    /// What has come of a kill.
    enum Outcome: Hashable, Sendable {
        /// The server has been told to stop the query.
        case told
        /// No such query runs there: it has ended, or this is not the server that runs it.
        case notThere
        /// The server could not be told.
        case failed(DatabaseError)
    }

    typealias Completion = (Outcome) -> Void

    private struct Request {
        let query: RunningQuery
        let completion: Completion
    }

    private let loop: EventLoop
    private let offload: Offload<[Outcome]>
    /// What the next round of each server will ask. A server has an entry from the first request until a
    /// round ends after which nothing waits; so an entry that is there means that its next round need not be
    /// started by a request.
    private var waiting: [Endpoint: [Request]] = [:]

    init(_ loop: EventLoop) throws(ReactorError) {
        self.loop = loop
        offload = try Offload(loop)
    }

    /// - Parameters:
    ///   - query: what the connection runs.
    ///   - endpoint: where that connection leads, with the address that was used.
    ///   - completion: called on the loop's thread in a later turn.
    func kill(_ query: RunningQuery, at endpoint: Endpoint, _ completion: @escaping Completion) {
        let isFirst = waiting[endpoint] == nil
        waiting[endpoint, default: []].append(Request(query: query, completion: completion))
        guard isFirst else { return }
        // In the next turn, so that it takes along what else is to be stopped there in this one.
        loop.onNextTurn { [weak self] in self?.startRound(at: endpoint) }
    }

    private func startRound(at endpoint: Endpoint) {
        guard let requests = waiting[endpoint] else { return }
        waiting[endpoint] = []
        let queries = requests.map(\.query)
        offload.run {
            Self.kill(queries, at: endpoint)
        } then: { [unowned self] result in
            switch result {
            case .success(let outcomes): finishRound(at: endpoint, requests, outcomes)
            case .failure(let error):
                let failure = Outcome.failed(DatabaseError(untried: error))
                finishRound(at: endpoint, requests, requests.map { _ in failure })
            }
        }
    }

    private func finishRound(at endpoint: Endpoint, _ requests: [Request], _ outcomes: [Outcome]) {
        if waiting[endpoint]?.isEmpty == true {
            waiting[endpoint] = nil
        } else {
            startRound(at: endpoint)
        }
        for (request, outcome) in zip(requests, outcomes) { request.completion(outcome) }
    }

    // MARK: On a thread of its own

    /// - Returns: one outcome for each query.
    private static func kill(_ queries: [RunningQuery], at endpoint: Endpoint) -> [Outcome] {
        var endpoint = endpoint
        endpoint.readTimeoutSeconds = endpoint.connectTimeoutSeconds
        endpoint.sessionSetup = []
        do throws(DatabaseError) {
            return kill(queries, over: try BlockingClient(endpoint))
        } catch {
            return queries.map { _ in .failed(error) }
        }
    }

    private static func kill(_ queries: [RunningQuery], over client: BlockingClient) -> [Outcome] {
        var outcomes: [Outcome] = []
        for query in queries {
            do throws(DatabaseError) {
                outcomes.append(try query.kill(over: client) ? .told : .notThere)
            } catch {
                // With the connection gone, the server cannot be told to stop the others either.
                guard error.kind == .statement else {
                    return outcomes + queries.dropFirst(outcomes.count).map { _ in .failed(error) }
                }
                outcomes.append(.failed(error))
            }
        }
        return outcomes
    }
}
