import MariaDB
import Reactor

/// Has the server stop queries: `KILL QUERY 17`, over a connection of its own, which is made for the purpose on another
/// thread and lives for one round of kills.
final class Killer {
    /// Called when the server has been told, or could not be.
    typealias Answer = (DatabaseError?) -> Void

    private struct Order {
        let endpoint: Endpoint
        let threadID: UInt
        let answer: Answer
    }

    private let mailbox: Mailbox<[DatabaseError?]>
    private var waiting: [Order] = []
    private var underWay: [Order] = []

    init(_ loop: EventLoop) throws(ReactorError) {
        mailbox = try Mailbox(loop)
        mailbox.receive { [unowned self] in finished($0) }
    }

    /// - Parameters:
    ///   - endpoint: of the connection whose query is to end, with the address that was used.
    ///   - threadID: the server's number for that connection.
    func kill(_ threadID: UInt, at endpoint: Endpoint, _ answer: @escaping Answer) {
        waiting.append(Order(endpoint: endpoint, threadID: threadID, answer: answer))
        if underWay.isEmpty { start() }
    }

    private func start() {
        (underWay, waiting) = (waiting, [])
        let (orders, mailbox) = (underWay.map { ($0.endpoint, $0.threadID) }, mailbox.sender)
        do throws(ReactorError) {
            try WorkerThread.detach { mailbox.post(orders.map { Self.kill($0.1, at: $0.0) }) }
        } catch {
            mailbox.post(orders.map { _ in DatabaseError(untried: error) })
        }
    }

    private static func kill(_ threadID: UInt, at endpoint: Endpoint) -> DatabaseError? {
        var endpoint = endpoint
        endpoint.readTimeoutSeconds = endpoint.connectTimeoutSeconds
        endpoint.sessionSetup = []
        do throws(DatabaseError) {
            try BlockingClient(endpoint).execute("KILL QUERY \(threadID)")
            return nil
        } catch {
            return error
        }
    }

    private func finished(_ results: [DatabaseError?]) {
        let orders = underWay
        underWay = []
        for (order, result) in zip(orders, results) { order.answer(result) }
        if !waiting.isEmpty { start() }
    }
}
