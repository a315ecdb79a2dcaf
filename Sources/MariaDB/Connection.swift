import CMariaDB
import COpenSSL
import Glibc
package import Relations

/// A connection whose calls never wait: each returns at once and says what the operation waits for.
///
/// Over TLS a `ConnectAttempt` connects it. Its owner watches the descriptor and calls `resume(ready:)`. One
/// operation is under way at a time: a call that the state does not allow is a mistake of the caller and
/// stops the program, because libmariadb would accept it and corrupt itself.
package final class Connection {
    private typealias Result = UnsafeMutablePointer<MYSQL_RES>

    private enum State {
        /// Next: connecting.
        case unconnected
        /// Suspended in `mysql_real_connect`. Next: idle, broken.
        case connecting
        /// Nothing is under way. Next: sending, broken (the server hung up).
        case idle
        /// Suspended in `mysql_real_query`. Next: opened, idle, broken.
        case sending
        /// The columns are known, and no row has been fetched. Next: row, fetching, idle, broken.
        case opened(Result)
        /// A row can be read. Next: row, fetching, idle, broken.
        case row(Result, Row)
        /// Suspended in `mysql_fetch_row`. Next: row, idle, broken.
        case fetching(Result)
        /// Failed for good. Next: closed, as from every other state.
        case broken
        /// The handle has been freed.
        case closed
    }

    private let endpoint: Endpoint
    private let isEncrypted: Bool
    private let handle: Handle
    private let arguments: ConnectArguments
    private var state = State.unconnected
    /// The number that the server's next packet must have, modulo 256. libmariadb does not check these
    /// numbers, and a row that was lost on the way would be missing from an answer.
    private var nextPacket: UInt8 = 0
    /// The statement's bytes while libmariadb sends them; it keeps the size of the longest one.
    private var statement = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    package init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
        isEncrypted = endpoint.tls != nil
        handle = makeHandle(for: endpoint, .nonBlocking)
        arguments = ConnectArguments(endpoint)
    }

    deinit {
        close()
        statement.deallocate()
    }

    /// What to watch while the connection is idle: if it becomes readable, ask `checkIdle()`.
    package var fileDescriptor: Int32 {
        if case .closed = state { return -1 }
        return mysql_get_socket(handle)
    }

    /// The server's number for this connection, for `KILL`; 0 before it is connected.
    package var threadID: UInt {
        if case .closed = state { return 0 }
        return mysql_thread_id(handle)
    }

    /// What the server has said that it is; nil before it is connected.
    package var dialect: Dialect? {
        switch state {
        case .unconnected, .connecting, .broken, .closed: nil
        case .idle, .sending, .opened, .row, .fetching: Dialect(serverVersion: serverVersion(of: handle))
        }
    }

    /// The columns of the result whose rows are fetched.
    package var columns: [ColumnDescription] { ColumnDescription.all(of: openResult) }

    /// The kinds of ``columns``. They are read for every query, and no names are made.
    package var columnKinds: [CellKind] { fields(of: openResult).map { CellKind($0) } }

    private var openResult: Result {
        switch state {
        case .opened(let result), .row(let result, _): return result
        case .unconnected, .connecting, .idle, .sending, .fetching, .broken, .closed:
            preconditionFailure("there is an open result after .columns or .row only")
        }
    }

    /// The row announced by the last `.row`, valid until the next call.
    package var currentRow: Row {
        guard case .row(_, let row) = state else {
            preconditionFailure("currentRow may be read only after .row and before the next call")
        }
        return row
    }

    /// Connects and runs the session setup. Ends in `.connected` or `.failed`.
    package func connect() -> Progress {
        guard case .unconnected = state else { preconditionFailure("connect() may be called once") }
        precondition(!isEncrypted, "a handshake waits: connect by a ConnectAttempt")
        var connected: Handle?
        let wait = mysql_real_connect_start(
            &connected, handle, arguments.host, arguments.user, arguments.password, arguments.database,
            arguments.port, arguments.socket, 0)
        return afterConnect(wait, connected)
    }

    /// Connects as `connect()` does, and waits: for TLS, on threads that may. No call waits afterwards.
    /// - Returns: the error; nil if the connection is idle now.
    func connectWaiting() -> DatabaseError? {
        guard case .unconnected = state else { preconditionFailure("a connection is connected once") }
        let error = MariaDB.connectWaiting(handle, arguments, to: endpoint)
        state = error == nil ? .idle : .broken
        return error
    }

    /// The handle's address, by which the connection is told from others.
    var address: UInt { UInt(bitPattern: handle) }

    /// Sends one statement, whose bytes are copied. Ends in `.columns`, `.done` or `.failed`.
    package func query(_ sql: UnsafeRawBufferPointer) -> Progress {
        guard case .idle = state else { preconditionFailure("query() needs an idle connection") }
        if statement.count < sql.count {
            statement.deallocate()
            statement = .allocate(byteCount: sql.count, alignment: 1)
        }
        statement.copyMemory(from: sql)
        clearErrors()
        var refused: Int32 = 0
        let text = statement.assumingMemoryBound(to: CChar.self).baseAddress
        let wait = mysql_real_query_start(&refused, handle, text, UInt(sql.count))
        return afterQuery(wait, refused)
    }

    /// Sends one statement; see `query(_: UnsafeRawBufferPointer)`.
    package func query(_ sql: [UInt8]) -> Progress {
        sql.withUnsafeBytes { query($0) }
    }

    /// Goes on to the next row. Ends in `.row`, `.end` or `.failed`; most rows come without waiting.
    package func fetch() -> Progress {
        let result = openResult
        clearErrors()
        var values: MYSQL_ROW?
        return afterFetch(mysql_fetch_row_start(&values, result), values, of: result)
    }

    /// Continues what is under way, after something the last `.waiting` asked for has happened.
    package func resume(ready: Readiness) -> Progress {
        clearErrors()
        switch state {
        case .connecting:
            var connected: Handle?
            return afterConnect(mysql_real_connect_cont(&connected, handle, ready.rawValue), connected)
        case .sending:
            var refused: Int32 = 0
            return afterQuery(mysql_real_query_cont(&refused, handle, ready.rawValue), refused)
        case .fetching(let result):
            var values: MYSQL_ROW?
            return afterFetch(mysql_fetch_row_cont(&values, result, ready.rawValue), values, of: result)
        case .unconnected, .idle, .opened, .row, .broken, .closed:
            preconditionFailure("resume() needs an operation that waits")
        }
    }

    /// Finds out whether the server has hung up on an idle connection: nothing else may arrive on one.
    /// - Returns: the error if it has; nil if the connection is still good.
    package func checkIdle() -> DatabaseError? {
        guard case .idle = state else { preconditionFailure("checkIdle() needs an idle connection") }
        var byte: UInt8 = 0
        let count = recv(mysql_get_socket(handle), &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        if count < 0, errno == EAGAIN || errno == EINTR { return nil }
        state = .broken
        return DatabaseError(
            errno: UInt32(CR_SERVER_GONE_ERROR), message: "the server closed the idle connection",
            kind: .connectionLost)
    }

    /// Closes the connection in any state, without waiting for the server. May be called again.
    package func close() {
        switch state {
        case .closed: return
        case .opened(let result), .row(let result, _), .fetching(let result): abandon(result)
        case .unconnected, .connecting, .idle, .sending, .broken: break
        }
        // Shuts the socket down, so that COM_QUIT, which mysql_close writes, cannot block any more.
        mariadb_cancel(handle)
        closeHandle(handle)
        state = .closed
    }

    /// Frees a result of which rows are still to come. As long as it knows its handle, `mysql_free_result`
    /// would read them all.
    private func abandon(_ result: Result) {
        result.pointee.handle = nil
        mysql_free_result(result)
    }

    /// Empties this thread's queue of OpenSSL errors, which libmariadb never does: what another connection
    /// has left there would make this one's next read fail.
    private func clearErrors() {
        if isEncrypted { ERR_clear_error() }
    }

    private func waiting(_ mask: Int32) -> Progress {
        let timeout = mask & MYSQL_WAIT_TIMEOUT == 0 ? nil : mysql_get_timeout_value_ms(handle)
        let events = Readiness(rawValue: mask).intersection([.readable, .writable])
        return .waiting(
            Interest(fileDescriptor: mysql_get_socket(handle), events: events, timeoutMilliseconds: timeout))
    }

    private func afterConnect(_ wait: Int32, _ connected: Handle?) -> Progress {
        if wait != 0 {
            state = .connecting
            return waiting(wait)
        }
        guard connected != nil else {
            state = .broken
            return .failed(DatabaseError(ofConnecting: handle, to: endpoint))
        }
        if let unsupported = unsupportedServer(behind: handle) {
            state = .broken
            return .failed(unsupported)
        }
        state = .idle
        return .connected
    }

    private func afterQuery(_ wait: Int32, _ refused: Int32) -> Progress {
        if wait != 0 {
            state = .sending
            return waiting(wait)
        }
        guard refused == 0 else { return failed() }
        guard mysql_field_count(handle) > 0 else { return becomeIdle(after: .done) }
        guard let result = mysql_use_result(handle) else { return failed() }
        nextPacket = lastPacket &+ 1
        state = .opened(result)
        return .columns
    }

    private func afterFetch(_ wait: Int32, _ values: MYSQL_ROW?, of result: Result) -> Progress {
        if wait != 0 {
            state = .fetching(result)
            return waiting(wait)
        }
        if let values, let lengths = mysql_fetch_lengths(result) {
            let row = Row(values: values, lengths: lengths, count: Int(result.pointee.field_count))
            state = .row(result, row)
            guard isNext(row) else {
                abandon(result)
                return outOfOrder()
            }
            return .row
        }
        // No row is the end only if there is no error: KILL, a timeout or a lost server arrive here as well.
        let isEnd = mysql_errno(handle) == 0
        mysql_free_result(result)
        guard isEnd else { return failed() }
        return isNext(nil) ? becomeIdle(after: .end) : outOfOrder()
    }

    /// The number of the packet that was read last.
    private var lastPacket: UInt8 { UInt8(truncatingIfNeeded: handle.pointee.net.pkt_nr) &- 1 }

    /// Whether this row, or the packet that ends the rows, is what the server sent after the last one.
    private func isNext(_ row: Row?) -> Bool {
        let expected = nextPacket
        nextPacket = lastPacket &+ 1
        // A row of 16 MiB and more comes in several packets, all but the last of that size.
        return lastPacket == expected || row.map { $0.byteCount > Self.maxPacket / 2 } == true
    }

    private static let maxPacket = 1 << 24

    private func outOfOrder() -> Progress {
        state = .broken
        return .failed(
            DatabaseError(
                errno: UInt32(ER_NET_PACKETS_OUT_OF_ORDER), sqlState: "08S01",
                message: "packets are missing from the server's answer", kind: .connectionLost))
    }

    private func failed() -> Progress {
        let error = DatabaseError(of: handle, during: .connected)
        state = error.kind == .statement ? .idle : .broken
        return .failed(error)
    }

    /// Makes the connection idle again, unless the statement (a `CALL`) has more results, which nobody would
    /// read.
    /// - Returns: `progress`, or the failure.
    private func becomeIdle(after progress: Progress) -> Progress {
        guard mysql_more_results(handle) == 0 else {
            state = .broken
            return .failed(
                DatabaseError(
                    errno: UInt32(CR_COMMANDS_OUT_OF_SYNC),
                    message: "the statement gave more than one result; send statements that give at most one",
                    kind: .connectionLost))
        }
        state = .idle
        return progress
    }
}
