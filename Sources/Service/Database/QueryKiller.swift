import MariaDB
import Reactor

/// Has servers stop queries, over a connection of its own, which is made for the purpose on another thread and lives for
/// one round of kills. Each server has its own: one that is silent holds up no other.
///
/// Behind a load balancer that connection may lead to another server, where the query's thread is somebody else's: only a
/// query that is found there under its number, and with its words, is stopped (go-sql-driver/mysql #791).
final class QueryKiller {
    /// What has come of it.
    enum Outcome: Hashable, Sendable {
        /// The server has been told to stop the query.
        case told
        /// No such query runs there: it has ended, or this is not the server that runs it.
        case notThere
        /// The server could not be told.
        case failed(DatabaseError)
    }

    typealias Answer = (Outcome) -> Void

    private struct Order {
        let query: RunningQuery
        let answer: Answer
    }

    /// What is asked of one server.
    private struct Queue {
        var waiting: [Order] = []
        var underWay: [Order] = []
    }

    /// What has become of a round.
    private struct Report: Sendable {
        let endpoint: Endpoint
        /// Of each order.
        let outcomes: [Outcome]
    }

    private let loop: EventLoop
    private let mailbox: Mailbox<Report>
    /// Of servers that have a round under way, or begin one in the next turn.
    private var queues: [Endpoint: Queue] = [:]

    init(_ loop: EventLoop) throws(ReactorError) {
        self.loop = loop
        mailbox = try Mailbox(loop)
        mailbox.receive { [unowned self] in finished($0) }
    }

    /// - Parameters:
    ///   - endpoint: of the connection whose query is to end, with the address that was used.
    ///   - query: what that connection runs.
    func kill(_ query: RunningQuery, at endpoint: Endpoint, _ answer: @escaping Answer) {
        let isFirst = queues[endpoint] == nil
        queues[endpoint, default: Queue()].waiting.append(Order(query: query, answer: answer))
        guard isFirst else { return }
        // With what else is to be stopped there in this turn.
        loop.onNextTurn { [weak self] in self?.start(endpoint) }
    }

    private func start(_ endpoint: Endpoint) {
        guard let orders = queues[endpoint]?.waiting else { return }
        queues[endpoint]?.waiting = []
        queues[endpoint]?.underWay = orders
        let (queries, mailbox) = (orders.map(\.query), mailbox.sender)
        do throws(ReactorError) {
            try WorkerThread.detach {
                mailbox.post(Report(endpoint: endpoint, outcomes: Self.kill(queries, at: endpoint)))
            }
        } catch {
            let untried = Outcome.failed(DatabaseError(untried: error))
            mailbox.post(Report(endpoint: endpoint, outcomes: queries.map { _ in untried }))
        }
    }

    private func finished(_ report: Report) {
        let orders = queues[report.endpoint]?.underWay ?? []
        if queues[report.endpoint]?.waiting.isEmpty == true {
            queues[report.endpoint] = nil
        } else {
            start(report.endpoint)
        }
        for (order, outcome) in zip(orders, report.outcomes) { order.answer(outcome) }
    }

    // MARK: On a thread of its own

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
                outcomes.append(try query.stop(over: client) ? .told : .notThere)
            } catch {
                // With the connection gone, nobody is left to be told.
                guard error.kind == .statement else {
                    return outcomes + queries.dropFirst(outcomes.count).map { _ in .failed(error) }
                }
                outcomes.append(.failed(error))
            }
        }
        return outcomes
    }
}

/// A query as the server knows it that runs it. All of this is MariaDB's own. MySQL numbers no queries: there, `KILL QUERY`
/// takes the thread's number, and what runs on the thread, and on which server, must be looked at before
/// (`performance_schema.threads`, `@@server_uuid`).
struct RunningQuery: Sendable {
    /// The server's number for the connection.
    private let threadID: UInt
    private let beginning: [UInt8]

    /// Enough to tell it from any other, and far less than the server keeps.
    private static let longestBeginning = 1024

    init(threadID: UInt, sql: some Sequence<UInt8>) {
        self.threadID = threadID
        beginning = Array(sql.prefix(Self.longestBeginning))
    }

    /// Answers whether the server runs it, and has been told to stop it. As a query has its number to itself, none that
    /// follows on the same connection is hit: https://mariadb.com/kb/en/kill/
    func stop(over client: BlockingClient) throws(DatabaseError) -> Bool {
        let rows = try client.strings(
            """
            SELECT QUERY_ID FROM information_schema.PROCESSLIST
            WHERE ID=\(threadID) AND LEFT(INFO_BINARY,\(beginning.count))=\(client.quote(beginning))
            """)
        guard let number = rows.first?[0] else { return false }
        do {
            // KILL QUERY ID 58
            try client.execute("KILL QUERY ID \(number)")
        } catch {
            guard error.errno == ErrorNumber.noSuchQuery else { throw error }
            return false
        }
        return true
    }
}
