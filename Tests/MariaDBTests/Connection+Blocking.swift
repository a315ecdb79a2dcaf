import Glibc
import MariaDB
import Testing

/// A copy of a row's value.
typealias Value = [UInt8]?

/// Everything that a statement has returned.
struct Outcome {
    var columns: [ColumnDescription] = []
    var rows: [[Value]] = []
    var error: DatabaseError?
}

/// Returns what is ready on the connection's descriptor after at most so many milliseconds.
func ready(_ interest: Interest, within milliseconds: UInt32) -> Readiness {
    var entry = pollfd(fd: interest.fileDescriptor, events: 0, revents: 0)
    if interest.events.contains(.readable) { entry.events |= Int16(POLLIN) }
    if interest.events.contains(.writable) { entry.events |= Int16(POLLOUT) }
    guard poll(&entry, 1, Int32(milliseconds)) > 0 else { return [] }
    var ready: Readiness = []
    if entry.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { ready.insert(.readable) }
    if entry.revents & Int16(POLLOUT) != 0 { ready.insert(.writable) }
    return ready
}

/// Waits for the events that a connection asks for. If it has no timeout, 30 s without any fail the test.
func wait(for interest: Interest) -> Readiness {
    let ready = ready(interest, within: interest.timeoutMilliseconds ?? 30_000)
    guard ready.isEmpty else { return ready }
    #expect(interest.timeoutMilliseconds != nil, "nothing happened for 30 s on \(interest)")
    return .timedOut
}

extension Connection {
    /// Waits and resumes until there is progress other than waiting.
    func settle(_ progress: Progress) -> Progress {
        var progress = progress
        while case .waiting(let interest) = progress { progress = resume(ready: wait(for: interest)) }
        return progress
    }

    /// Sends a statement and waits for the first progress.
    func send(_ sql: String) -> Progress {
        settle(query(Array(sql.utf8)))
    }

    /// Runs a statement to its end. `keep` sees each row once and returns what is kept of it.
    func run(
        _ sql: String, keep: (Row) -> [Value]? = { row in (0..<row.count).map { row[$0].map { Array($0) } } }
    )
        -> Outcome
    {
        var outcome = Outcome()
        var progress = send(sql)
        while true {
            switch progress {
            case .columns: outcome.columns = columns
            case .row: if let kept = keep(currentRow) { outcome.rows.append(kept) }
            case .end: return outcome
            case .done: return outcome
            case .failed(let error): outcome.error = error; return outcome
            case .waiting, .connected: preconditionFailure("settled, and connected before")
            }
            progress = settle(fetch())
        }
    }
}

/// Returns a connected connection, or fails the test.
func connected(_ endpoint: Endpoint) throws -> Connection {
    let connection = Connection(endpoint)
    let progress = connection.settle(connection.connect())
    try #require(progress == .connected)
    return connection
}

/// Returns the error of connecting to an endpoint.
func refusal(_ endpoint: Endpoint) throws -> DatabaseError {
    let connection = Connection(endpoint)
    guard case .failed(let error) = connection.settle(connection.connect()) else {
        throw Unexpected(description: "connecting to \(endpoint) did not fail")
    }
    return error
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

/// Returns values as texts, for short expectations.
func text(_ rows: [[Value]]) -> [[String?]] {
    rows.map { $0.map { $0.map { String(decoding: $0, as: UTF8.self) } } }
}
