import Relations

extension BlockingClient {
    /// Asks how far the server is behind each primary that it follows.
    /// - Returns: seconds for each primary, nil where replication from it does not run; empty if the server
    ///   follows none.
    package func replicaLags() throws(DatabaseError) -> [Int?] {
        let (statement, lagColumn) = dialect.replicaStatus
        let rows = try strings(statement)
        guard let index = columns.firstIndex(where: { $0.name == lagColumn }) else { return [] }
        return rows.map { $0[index].flatMap { Int($0) } }
    }
}

extension Dialect {
    /// The statement that has a row for each primary that the server follows, and its column with the lag in
    /// seconds, which is `NULL` where replication does not run.
    fileprivate var replicaStatus: (statement: String, lagColumn: String) {
        switch kind {
        // It needs the privilege SLAVE MONITOR: https://mariadb.com/kb/en/show-replica-status/
        case .mariaDB: ("SHOW ALL SLAVES STATUS", "Seconds_Behind_Master")
        // It has a row for each channel, and needs the privilege REPLICATION CLIENT:
        // https://dev.mysql.com/doc/refman/9.4/en/show-replica-status.html
        case .mySQL: ("SHOW REPLICA STATUS", "Seconds_Behind_Source")
        }
    }
}
