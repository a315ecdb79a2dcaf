import MariaDB
import Reactor

/// Has servers stop queries: `KILL QUERY 17`, over a connection of its own, which is made for the purpose on another
/// thread and lives for one round of kills. Each server has its own: one that is silent holds up no other.
final class Killer {
    /// Called when the server has been told, or could not be.
    typealias Answer = (DatabaseError?) -> Void

    private struct Order {
        let threadID: UInt
        let answer: Answer
    }

    /// What is asked of one server.
    private struct Queue {
        var waiting: [Order] = []
        var underWay: [Order] = []
    }

    /// What has become of a round.
    private struct Outcome: Sendable {
        let endpoint: Endpoint
        /// Of each order; nil: the server has been told.
        let errors: [DatabaseError?]
    }

    private let loop: EventLoop
    private let mailbox: Mailbox<Outcome>
    /// Of servers that have a round under way, or begin one in the next turn.
    private var queues: [Endpoint: Queue] = [:]

    init(_ loop: EventLoop) throws(ReactorError) {
        self.loop = loop
        mailbox = try Mailbox(loop)
        mailbox.receive { [unowned self] in finished($0) }
    }

    /// - Parameters:
    ///   - endpoint: of the connection whose query is to end, with the address that was used.
    ///   - threadID: the server's number for that connection.
    func kill(_ threadID: UInt, at endpoint: Endpoint, _ answer: @escaping Answer) {
        let isFirst = queues[endpoint] == nil
        queues[endpoint, default: Queue()].waiting.append(Order(threadID: threadID, answer: answer))
        guard isFirst else { return }
        // With what else is to be stopped there in this turn.
        loop.onNextTurn { [weak self] in self?.start(endpoint) }
    }

    private func start(_ endpoint: Endpoint) {
        guard let orders = queues[endpoint]?.waiting else { return }
        queues[endpoint]?.waiting = []
        queues[endpoint]?.underWay = orders
        let (threads, mailbox) = (orders.map(\.threadID), mailbox.sender)
        do throws(ReactorError) {
            try WorkerThread.detach {
                mailbox.post(Outcome(endpoint: endpoint, errors: Self.kill(threads, at: endpoint)))
            }
        } catch {
            let untried = DatabaseError(untried: error)
            mailbox.post(Outcome(endpoint: endpoint, errors: threads.map { _ in untried }))
        }
    }

    private func finished(_ outcome: Outcome) {
        let orders = queues[outcome.endpoint]?.underWay ?? []
        if queues[outcome.endpoint]?.waiting.isEmpty == true {
            queues[outcome.endpoint] = nil
        } else {
            start(outcome.endpoint)
        }
        for (order, error) in zip(orders, outcome.errors) { order.answer(error) }
    }

    // MARK: On a thread of its own

    private static func kill(_ threads: [UInt], at endpoint: Endpoint) -> [DatabaseError?] {
        var endpoint = endpoint
        endpoint.readTimeoutSeconds = endpoint.connectTimeoutSeconds
        endpoint.sessionSetup = []
        do throws(DatabaseError) {
            return kill(threads, over: try BlockingClient(endpoint))
        } catch {
            return threads.map { _ in error }
        }
    }

    private static func kill(_ threads: [UInt], over client: BlockingClient) -> [DatabaseError?] {
        var errors: [DatabaseError?] = []
        for thread in threads {
            do throws(DatabaseError) {
                try client.execute("KILL QUERY \(thread)")
                errors.append(nil)
            } catch {
                errors.append(error)
                // With the connection gone, nobody is left to be told.
                if error.kind != .statement { break }
            }
        }
        let last = errors.last ?? nil
        return errors + threads.dropFirst(errors.count).map { _ in last }
    }
}
