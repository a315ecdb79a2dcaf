package import MariaDB

extension BlockingClient {
    /// Ends other connections to the server.
    ///
    /// - Parameter condition: SQL about columns of `information_schema.PROCESSLIST`, such as `DB = 'shop'`.
    package func killConnections(_ condition: String) throws {
        let rows = try strings(
            """
            SELECT ID FROM information_schema.PROCESSLIST WHERE \(condition) AND ID <> CONNECTION_ID()
            """)
        // One that has ended meanwhile is no failure.
        for case let id? in rows.compactMap(\.first) { try? execute("KILL CONNECTION \(id)") }
    }
}
