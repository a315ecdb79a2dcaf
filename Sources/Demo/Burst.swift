import Foundation
import LineClient
import MariaDB
import Synchronization

/// Many clients that all ask at once: each of them 20 loads, 320 in all, the same ones every time.
struct Burst: Sendable {
    static let clients = 16
    static let loadsPerClient = 20
    static let loads = clients * loadsPerClient

    /// How the loads are answered.
    enum Way: Sendable {
        /// By kindred: a client sends all its requests, then reads the replies.
        case kindred(LineClient.Address)
        /// Without kindred: a client has a connection to the database, and sends one query for each load, one
        /// after another.
        case direct(Endpoint)
    }

    let way: Way

    /// Runs all clients, each on a thread of its own. They begin when all of them are connected.
    /// - Returns: Nanoseconds from then until the last client has its last reply.
    func run() throws -> Int64 {
        let gate = StartGate()
        let failures = Failures()
        let threads = (0..<Self.clients).map { number in
            JoinableThread {
                let ask = Result { try connect(number) }
                gate.wait()
                do {
                    try ask.get()()
                } catch {
                    failures.list.withLock { $0.append("client \(number): \(error)") }
                }
            }
        }
        let clock = ContinuousClock()
        gate.open(for: Self.clients)
        let begin = clock.now
        for thread in threads { thread.join() }
        let duration = clock.now - begin
        let failed = failures.list.withLock { $0 }
        guard failed.isEmpty else { throw LineClient.Failure(failed.joined(separator: "\n")) }
        return Int64(duration / .nanoseconds(1))
    }

    private final class Failures: Sendable {
        let list = Mutex<[String]>([])
    }

    /// Connects a client; the result has its loads answered.
    private func connect(_ number: Int) throws -> () throws -> Void {
        let loads = (0..<Self.loadsPerClient).map { Load(number: number * Self.loadsPerClient + $0) }
        switch way {
        case .kindred(let address):
            let client = try LineClient(address)
            let lines = loads.map { $0.request + "\n" }.joined()
            return {
                try client.send(Array(lines.utf8))
                for _ in loads {
                    guard let reply = try client.receive() else {
                        throw LineClient.Failure("the connection was closed")
                    }
                    if reply.contains(#""error""#) { throw LineClient.Failure(reply) }
                }
            }
        case .direct(let endpoint):
            let client = try BlockingClient(endpoint)
            return { for load in loads { _ = try client.rows(load.query) } }
        }
    }
}

/// One of the loads of a burst.
private struct Load {
    let number: Int

    private var author: Int { 1 + number % Bookshop.authors }
    private var book: Int { 1 + number % Bookshop.books }
    private var customer: String { "customer\(1 + number % Bookshop.customers)@example.com" }

    // {"id":3,"load":"authors.books","key":64}
    var request: String {
        switch number % 4 {
        case 0: #"{"id":\#(number),"load":"authors.books","key":\#(author)}"#
        case 1: #"{"id":\#(number),"load":"books.tags","key":\#(book)}"#
        case 2: #"{"id":\#(number),"load":"books.reviews","key":\#(book)}"#
        default: #"{"id":\#(number),"load":"customers.orders","key":"\#(customer)"}"#
        }
    }

    /// What an application without kindred sends for the load.
    var query: String {
        switch number % 4 {
        case 0: "SELECT * FROM books WHERE author_id = \(author)"
        case 1: "SELECT t.* FROM book_tags b JOIN tags t ON t.id = b.tag_id WHERE b.book_id = \(book)"
        case 2: "SELECT * FROM reviews WHERE book_id = \(book)"
        default: "SELECT * FROM orders WHERE customer_email = '\(customer)'"
        }
    }
}

/// Lets threads begin together, when all of them are ready.
private final class StartGate: Sendable {
    private let ready = DispatchSemaphore(value: 0)
    private let start = DispatchSemaphore(value: 0)

    /// Called by each thread: waits until the gate opens.
    func wait() {
        ready.signal()
        start.wait()
    }

    /// Waits until this number of threads is ready, and lets them begin.
    func open(for count: Int) {
        for _ in 0..<count { ready.wait() }
        for _ in 0..<count { start.signal() }
    }
}

/// A thread that begins at once and can be waited for.
private final class JoinableThread: Sendable {
    private let finished = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        Thread { [finished] in
            body()
            finished.signal()
        }.start()
    }

    func join() { finished.wait() }
}
