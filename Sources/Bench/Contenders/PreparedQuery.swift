import CMariaDB
import MariaDB

/// One prepared `SELECT` on a connection of its own, run again and again with different integers, as
/// applications that prepare their statements do. Connecting and preparing block; running does not.
final class PreparedQuery {
    private enum State {
        case idle
        /// Suspended in `mysql_stmt_execute`.
        case executing
        /// Suspended in `mysql_stmt_store_result`.
        case storing
        case broken
    }

    private let connection: RawConnection
    private let statement: UnsafeMutablePointer<MYSQL_STMT>
    private var state = State.idle
    /// One value for each `?`.
    private let parameters: UnsafeMutableBufferPointer<Int64>
    private let parameterBinds: UnsafeMutableBufferPointer<MYSQL_BIND>
    private let resultBinds: UnsafeMutableBufferPointer<MYSQL_BIND>
    private let results: UnsafeMutableRawBufferPointer
    /// Bytes that are kept of each value; the rest is cut off, because nobody looks at it.
    private static let cellSize = 512

    init(_ endpoint: Endpoint, sql: String) throws(DatabaseError) {
        connection = try RawConnection(endpoint)
        guard let prepared = mysql_stmt_init(connection.handle) else { throw connection.lastError }
        var text = sql
        let isPrepared = text.withUTF8 { bytes in
            UnsafeRawBufferPointer(bytes).withMemoryRebound(to: CChar.self) {
                mysql_stmt_prepare(prepared, $0.baseAddress, UInt($0.count)) == 0
            }
        }
        guard isPrepared else {
            let error = connection.lastError
            // Before the connection, which knows the statement.
            mysql_stmt_close(prepared)
            throw error
        }
        statement = prepared
        parameters = .allocate(capacity: Int(mysql_stmt_param_count(prepared)))
        parameterBinds = .allocate(capacity: parameters.count)
        resultBinds = .allocate(capacity: Int(mysql_stmt_field_count(prepared)))
        results = .allocate(byteCount: resultBinds.count * Self.cellSize, alignment: 16)
        parameters.initialize(repeating: 0)
        parameterBinds.initialize(repeating: MYSQL_BIND())
        resultBinds.initialize(repeating: MYSQL_BIND())
        bind()
    }

    deinit {
        // The connection is closed after this, when nothing refers to it any more.
        mysql_stmt_close(statement)
        parameters.deallocate()
        parameterBinds.deallocate()
        resultBinds.deallocate()
        results.deallocate()
    }

    private func bind() {
        for place in parameters.indices {
            parameterBinds[place].buffer_type = MYSQL_TYPE_LONGLONG
            parameterBinds[place].buffer = parameters.baseAddress.map { UnsafeMutableRawPointer($0 + place) }
        }
        mysql_stmt_bind_param(statement, parameterBinds.baseAddress)
        for place in resultBinds.indices {
            resultBinds[place].buffer_type = MYSQL_TYPE_STRING
            resultBinds[place].buffer = results.baseAddress.map { $0 + place * Self.cellSize }
            resultBinds[place].buffer_length = UInt(Self.cellSize)
        }
        mysql_stmt_bind_result(statement, resultBinds.baseAddress)
    }

    /// Runs the statement with these values. Ends in `.end`, after the rows have been read and dropped, or in
    /// `.failed`.
    func run(_ values: [Int64]) -> Progress {
        guard case .idle = state else { preconditionFailure("run() needs an idle query") }
        precondition(values.count == parameters.count, "one value for each parameter")
        for (place, value) in values.enumerated() { parameters[place] = value }
        connection.clearErrors()
        var refused: Int32 = 0
        return afterExecute(mysql_stmt_execute_start(&refused, statement), refused)
    }

    func resume(ready: Readiness) -> Progress {
        connection.clearErrors()
        var refused: Int32 = 0
        switch state {
        case .executing:
            return afterExecute(mysql_stmt_execute_cont(&refused, statement, ready.rawValue), refused)
        case .storing:
            return afterStore(mysql_stmt_store_result_cont(&refused, statement, ready.rawValue), refused)
        case .idle, .broken: preconditionFailure("resume() needs an operation that waits")
        }
    }

    private func afterExecute(_ wait: Int32, _ refused: Int32) -> Progress {
        if wait != 0 {
            state = .executing
            return connection.waiting(for: wait)
        }
        guard refused == 0 else { return failed() }
        connection.clearErrors()
        var refused: Int32 = 0
        return afterStore(mysql_stmt_store_result_start(&refused, statement), refused)
    }

    private func afterStore(_ wait: Int32, _ refused: Int32) -> Progress {
        if wait != 0 {
            state = .storing
            return connection.waiting(for: wait)
        }
        guard refused == 0 else { return failed() }
        // The rows are here. 0 is a row, and so is a value that was longer than its place; MYSQL_NO_DATA is
        // the end, 1 an error.
        while case let outcome = mysql_stmt_fetch(statement), outcome == 0 || outcome == MYSQL_DATA_TRUNCATED
        {}
        mysql_stmt_free_result(statement)
        state = .idle
        return .end
    }

    private func failed() -> Progress {
        let error = connection.lastError(of: statement)
        state = error.kind == .statement ? .idle : .broken
        return .failed(error)
    }
}
