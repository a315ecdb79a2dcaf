import Dispatch
import Fuzzing
import Glibc
import MariaDB
import Reactor

/// A prepared statement that is run twice. Who prepares it waits for the server, so that this one has its own thread.
struct PreparedConversation {
    private let script: Script

    init(_ script: Script) {
        self.script = script
    }

    func run() {
        let responses = script.responses
        let isOver = DispatchSemaphore(value: 0)
        WorkerThread.detach {
            Self.serve(responses)
            isOver.signal()
        }
        ask()
        isOver.wait()
    }

    private func ask() {
        guard let query = try? PreparedQuery(Place.endpoint, sql: "SELECT a FROM t WHERE b=?") else { return }
        for value in [Int64(1), -1] {
            switch settle(query.run([value]), query) {
            case .end: continue
            case .failed(let error) where error.kind == .statement: continue
            case .failed(let error): return expect(error.kind == .connectionLost, "\(error) of a query")
            case let other: expect(false, "a prepared query ends in \(other)")
            }
        }
    }

    private func settle(_ first: Progress, _ query: PreparedQuery) -> Progress {
        var progress = first
        while case .waiting(let interest) = progress {
            expect(!interest.events.isEmpty, "nothing is waited for")
            var entry = pollfd(fd: interest.fileDescriptor, events: 0, revents: 0)
            if interest.events.contains(.readable) { entry.events |= Int16(POLLIN) }
            if interest.events.contains(.writable) { entry.events |= Int16(POLLOUT) }
            // libFuzzer's own alarm interrupts it now and then.
            while poll(&entry, 1, -1) < 0 {}
            progress = query.resume(ready: interest.events)
        }
        return progress
    }

    private static func serve(_ responses: [[UInt8]]) {
        let connection = accept(Place.listener, nil, nil)
        for (place, response) in responses.enumerated() {
            if place > 0, !listen(connection) { break }
            _ = send(connection, response, response.count, Int32(MSG_NOSIGNAL))
            if place == responses.count - 1 { shutdown(connection, Int32(SHUT_WR)) }
        }
        close(connection)
    }

    /// Until something is said, or for a millisecond: who waits for the rest of a response says nothing. False at the end.
    private static func listen(_ connection: Int32) -> Bool {
        var space = [UInt8](repeating: 0, count: 1 << 12)
        var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 1) > 0 else { return true }
        return recv(connection, &space, space.count, 0) > 0
    }
}
