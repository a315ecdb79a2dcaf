import Loading
import Relations
import Wire

/// A client of the engine that reads only when a test says so.
final class ClientUnderTest {
    let queue: ReplyQueue
    let account = ClientAccount()
    /// How often the queue has called since the client exists.
    private(set) var calls = 0
    private let engine: Engine

    init(_ engine: Engine) {
        self.engine = engine
        queue = ReplyQueue(account: account, context: engine.context)
        queue.onWork = { [weak self] in self?.calls += 1 }
    }

    // MARK: Requests

    /// Asks for the books of one author.
    func load(_ id: Int64, author: Int, _ options: LoadOptions? = nil, timeoutMilliseconds: Int? = nil) {
        let key = KeyInput.scalar(.integer(Int64(author)))
        send(id, "authors.books", .one(key), options, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Asks for the books of several authors.
    func load(_ id: Int64, authors: [Int], _ options: LoadOptions? = nil) {
        send(id, "authors.books", .many(authors.map { .scalar(.integer(Int64($0))) }), options)
    }

    func send(
        _ id: Int64, _ relationship: String, _ keys: Keys, _ options: LoadOptions? = nil,
        timeoutMilliseconds: Int? = nil
    ) {
        let load = Load(
            LoadShape(relationship: relationship, options: options), keys: keys,
            timeoutMilliseconds: timeoutMilliseconds)
        engine.submit(load, id: RequestID(id), bytes: 100, from: queue)
    }

    func cancel(_ id: Int64) -> Bool { engine.cancel(RequestID(id), from: queue) }

    func hangUp() { engine.abandon(queue.close()) }

    // MARK: Replies

    /// Reads the next line, and lets the queue go on; nil if there is none.
    func readLine() -> String? {
        var line: String?
        queue.send { bytes in
            guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return 0 }
            line = String(decoding: bytes[..<end], as: UTF8.self)
            return end + 1
        }
        queue.sendingEnds(idleCapacity: 0)
        queue.resume()
        return line
    }

    /// Reads all lines that come without anything else happening.
    func readAll() -> [String] {
        var lines: [String] = []
        while let line = readLine() { lines.append(line) }
        return lines
    }
}

extension String {
    /// Whether a whole reply is an error with this code.
    func isError(_ code: Failure.Code) -> Bool {
        guard hasPrefix("{\"id\":") else { return hasPrefix("{\"error\":{\"code\":\"\(code.rawValue)\"") }
        return dropFirst(6).drop { $0.isNumber }.hasPrefix(",\"error\":{\"code\":\"\(code.rawValue)\"")
    }
}
