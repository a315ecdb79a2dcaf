import MariaDB

/// A look at a server with a connection of its own. Waits: not for the loop.
enum HealthCheck {
    /// - Parameter maxLag: seconds that a replica may be behind; 0: whatever it is.
    static func run(_ endpoint: Endpoint, maxLag: Int) -> ServerChoice.Finding {
        var endpoint = endpoint
        endpoint.readTimeoutSeconds = endpoint.connectTimeoutSeconds
        do throws(DatabaseError) {
            let client = try BlockingClient(endpoint)
            guard maxLag > 0 else { return .well }
            return try lag(client, max: maxLag)
        } catch {
            return .unwell(error)
        }
    }

    /// `SHOW ALL SLAVES STATUS` has a row for each primary that the server follows, and needs the privilege
    /// `SLAVE MONITOR`: https://mariadb.com/kb/en/show-replica-status/
    private static func lag(
        _ client: BlockingClient, max: Int
    ) throws(DatabaseError) -> ServerChoice.Finding {
        let rows: [[String?]]
        do {
            rows = try client.strings("SHOW ALL SLAVES STATUS")
        } catch {
            guard error.kind == .statement else { throw error }
            return .lagging("its lag cannot be seen: \(error)")
        }
        guard let column = client.columns.firstIndex(where: { $0.name == "Seconds_Behind_Master" }) else {
            return .well
        }
        for row in rows {
            // NULL where replication does not run.
            guard let seconds = row[column].flatMap({ Int($0) }) else {
                return .lagging("its replication does not run")
            }
            if seconds > max { return .lagging("it is \(seconds) s behind, database.max_lag_s is \(max)") }
        }
        return .well
    }
}
