import CMariaDB
import COpenSSL
package import Relations

/// A connection whose calls wait: for threads of the daemon that may (reading the schema, `KILL`, health
/// checks), for the command line, and for tests.
package final class BlockingClient {
    private let handle: Handle
    /// The columns of the last statement; empty if it had no result.
    package private(set) var columns: [ColumnDescription] = []

    package init(_ endpoint: Endpoint) throws(DatabaseError) {
        handle = makeHandle(for: endpoint, .blocking)
        let error = connectWaiting(handle, ConnectArguments(endpoint), to: endpoint)
        // `deinit` frees the handle here as well: all properties are set.
        if let error { throw error }
        if endpoint.tls != nil { setSocketWaits(true, of: handle) }
    }

    deinit { closeHandle(handle) }

    /// What the server has said that it is.
    package var dialect: Dialect { Dialect(serverVersion: serverVersion(of: handle)) }

    /// The values of all rows of a statement, `nil` for NULL; no rows if it has no result.
    package func rows(_ sql: String) throws(DatabaseError) -> [[[UInt8]?]] {
        try collect(sql) { Array($0) }
    }

    /// The values of all rows of a statement as text, in which bytes that are not UTF-8 are replaced.
    package func strings(_ sql: String) throws(DatabaseError) -> [[String?]] {
        try collect(sql) { String(decoding: $0, as: UTF8.self) }
    }

    /// Runs a statement and drops its rows.
    package func execute(_ sql: String) throws(DatabaseError) {
        _ = try collect(sql) { _ in true }
    }

    /// The columns that a statement's result would have. The statement is prepared, and not run.
    package func describe(_ sql: String) throws(DatabaseError) -> [ColumnDescription] {
        ERR_clear_error()
        guard let statement = mysql_stmt_init(handle) else {
            throw DatabaseError(of: handle, during: .connected)
        }
        defer { mysql_stmt_close(statement) }
        var text = sql
        let refused = text.withUTF8 { bytes in
            UnsafeRawBufferPointer(bytes).withMemoryRebound(to: CChar.self) {
                mysql_stmt_prepare(statement, $0.baseAddress, UInt($0.count))
            }
        }
        guard refused == 0 else { throw DatabaseError(of: statement) }
        guard let result = mysql_stmt_result_metadata(statement) else { return [] }
        defer { mysql_free_result(result) }
        return ColumnDescription.all(of: result, readsFormat: true)
    }

    /// Runs statements separated by semicolons, up to the first that fails. Allowed on this call only.
    package func executeScript(_ sql: String) throws(DatabaseError) {
        try allowMultiStatements(MYSQL_OPTION_MULTI_STATEMENTS_ON)
        let outcome = Swift.Result { () throws(DatabaseError) in try execute(sql) }
        try allowMultiStatements(MYSQL_OPTION_MULTI_STATEMENTS_OFF)
        try outcome.get()
    }

    /// The text as an SQL literal with its quotes, escaped for this session's `sql_mode`.
    package func quote(_ text: String) -> String {
        let source = Array(text.utf8)
        let escaped = [UInt8](unsafeUninitializedCapacity: 2 * source.count + 1) { target, count in
            count = source.withUnsafeBytes { bytes in
                let from = bytes.assumingMemoryBound(to: CChar.self).baseAddress
                let to = UnsafeMutableRawBufferPointer(target).assumingMemoryBound(to: CChar.self).baseAddress
                return Int(mysql_real_escape_string(handle, to, from, UInt(bytes.count)))
            }
        }
        return "'" + String(decoding: escaped, as: UTF8.self) + "'"
    }

    /// Any bytes as an SQL literal: `X'00FF'`, a binary string.
    package func quote(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF")
        let hex = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "X'" + String(hex) + "'"
    }

    private func allowMultiStatements(_ option: enum_mysql_set_option) throws(DatabaseError) {
        ERR_clear_error()
        try check(mysql_set_server_option(handle, option) == 0)
    }

    private func collect<Value>(
        _ sql: String, _ value: (UnsafeRawBufferPointer) -> Value
    ) throws(DatabaseError) -> [[Value?]] {
        var statement = sql
        columns = []
        // See `Connection.clearErrors`; nothing else on this thread speaks TLS before the result is here.
        ERR_clear_error()
        let refused = statement.withUTF8 { bytes in
            UnsafeRawBufferPointer(bytes).withMemoryRebound(to: CChar.self) {
                mysql_real_query(handle, $0.baseAddress, UInt($0.count))
            }
        }
        try check(refused == 0)
        var rows: [[Value?]] = []
        repeat { try takeResult(into: &rows, value) } while try moveToNextResult()
        return rows
    }

    private func takeResult<Value>(
        into rows: inout [[Value?]], _ value: (UnsafeRawBufferPointer) -> Value
    ) throws(DatabaseError) {
        guard mysql_field_count(handle) > 0 else { return }
        // The whole result arrives here, so every error arrives here too and NULL from fetch_row is the end.
        guard let result = mysql_store_result(handle) else {
            throw DatabaseError(of: handle, during: .connected)
        }
        defer { mysql_free_result(result) }
        columns = ColumnDescription.all(of: result)
        while let values = mysql_fetch_row(result), let lengths = mysql_fetch_lengths(result) {
            let row = Row(values: values, lengths: lengths, count: columns.count)
            rows.append((0..<row.count).map { row[$0].map(value) })
        }
    }

    private func moveToNextResult() throws(DatabaseError) -> Bool {
        let outcome = mysql_next_result(handle)  // 0: there is one, -1: there is none, else an error
        try check(outcome <= 0)
        return outcome == 0
    }

    private func check(_ succeeded: Bool) throws(DatabaseError) {
        guard succeeded else { throw DatabaseError(of: handle, during: .connected) }
    }
}
