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
        }
    }

    /// As a query of MariaDB's has its number to itself, none that follows on the same connection is hit:
    /// https://mariadb.com/kb/en/kill/
    ///
    /// MySQL numbers no queries. There, `KILL QUERY` takes the thread's number, and what runs on the thread,
    /// and on which server, must be looked at before (`performance_schema.threads`, `@@server_uuid`).
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
}
