import Relations

/// A query that is under way, by what the server knows of it.
package struct RunningQuery: Sendable {
    /// The server's number for the connection.
    private let threadID: UInt
    private let beginning: [UInt8]

    /// Bytes that tell a query from any other, far fewer than the server keeps.
    private static let maxBeginning = 1024

    package init(threadID: UInt, sql: some Sequence<UInt8>) {
        self.threadID = threadID
        beginning = Array(sql.prefix(Self.maxBeginning))
    }

    /// Has the server that the client leads to stop the query, if it runs there.
    /// - Returns: whether the server runs it, and has been told to stop it.
    package func kill(over client: BlockingClient) throws(DatabaseError) -> Bool {
        switch client.dialect.kind {
        case .mariaDB: try stopByNumber(over: client)
        case .mySQL: try stopByThread(over: client)
        }
    }

    /// As a query of MariaDB's has its number to itself, none that follows on the same connection is hit:
    /// https://mariadb.com/kb/en/kill/
    private func stopByNumber(over client: BlockingClient) throws(DatabaseError) -> Bool {
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

    /// MySQL numbers no queries: `KILL QUERY` takes the thread's number, and what runs on the thread is
    /// looked at before. Should that query end in between, its thread is idle, which MySQL leaves alone, or
    /// about to be, and then the thread's next statement may be hit: see `Dialect.mayHitNextQuery`.
    /// https://dev.mysql.com/doc/refman/9.4/en/kill.html
    private func stopByThread(over client: BlockingClient) throws(DatabaseError) -> Bool {
        guard try isRunning(at: client) else { return false }
        do {
            // KILL QUERY 58
            try client.execute("KILL QUERY \(threadID)")
        } catch {
            guard error.errno == ErrorNumber.noSuchThread else { throw error }
            return false
        }
        return true
    }

    /// Looks at what runs on the thread. The performance schema may be off, and then it is empty;
    /// `SHOW FULL PROCESSLIST` always says so, but sends whole statements of all threads that the account may
    /// see. `information_schema.PROCESSLIST` is of no use: it is error 3854 as long as any thread's statement
    /// has a character of four bytes.
    private func isRunning(at client: BlockingClient) throws(DatabaseError) -> Bool {
        do throws(DatabaseError) {
            let rows = try client.rows(
                "SELECT LEFT(INFO,\(beginning.count)) FROM performance_schema.processlist WHERE ID=\(threadID)"
            )
            if let text = rows.first?[0] { return isBeginning(of: text) }
        } catch {
            guard error.kind == .statement else { throw error }
        }
        // Id, User, Host, db, Command, Time, State, Info
        let rows = try client.rows("SHOW FULL PROCESSLIST")
        let own = rows.first { $0[0].map { String(decoding: $0, as: UTF8.self) } == "\(threadID)" }
        return own?.last?.map(isBeginning) ?? false
    }

    /// Whether a statement that MySQL shows may be this one. Whether it shows characters of four bytes as
    /// they are depends on where it is asked, so that only what stands before the first of them is compared.
    private func isBeginning(of shown: [UInt8]) -> Bool {
        let plain = beginning.prefix { $0 < 0xF0 }
        return !plain.isEmpty && shown.starts(with: plain)
    }
}

extension Dialect {
    /// Whether a query of which the server was told that it be stopped, and that has ended otherwise, leaves
    /// its connection in a state in which the next query may be stopped instead.
    package var mayHitNextQuery: Bool {
        switch kind {
        case .mariaDB: false
        case .mySQL: true
        }
    }
}
