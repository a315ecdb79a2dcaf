import Loading
import MariaDB
import Relations

/// A look at a server with a connection of its own, set up as those that answer loads: whether it answers reads of what
/// is needed of it. Waits: not for the loop.
struct HealthCheck: Sendable {
    /// A query that a server has refused for a reason that may be its own: others may answer it.
    struct Suspect: Hashable, Sendable {
        /// Its relationship's.
        let name: String
        let sql: String
    }

    /// What a look shows of a suspect.
    enum Trial: Sendable {
        case answered
        case refused
        /// Neither: it is locked or takes too long, or the server is in no state to be asked.
        case unclear
    }

    struct Outcome: Sendable {
        let finding: FailoverPolicy.Finding
        /// By name of a suspect; none for those whose turn did not come.
        let trials: [String: Trial]
    }

    /// Seconds that a replica may be behind; 0: whatever it is.
    var maxLag = 0
    /// Tables that are served, of which it should be able to read; none while they are not known.
    var tables: [String] = []
    var suspects: [Suspect] = []

    /// One may be locked, or lost by itself.
    static let mostTables = 3

    func run(_ endpoint: Endpoint) -> Outcome {
        var endpoint = endpoint
        endpoint.readTimeoutSeconds = endpoint.connectTimeoutSeconds
        do throws(DatabaseError) {
            let client = try BlockingClient(endpoint)
            if let finding = try read(client) { return unasked(finding) }
            let finding = try lag(client)
            guard case .well = finding else { return unasked(finding) }
            return Outcome(finding: finding, trials: trials(client))
        } catch {
            return unasked(.unwell(error))
        }
    }

    /// The server is in no state to be asked for suspects.
    private func unasked(_ finding: FailoverPolicy.Finding) -> Outcome {
        let trials = suspects.map { ($0.name, Trial.unclear) }
        return Outcome(finding: finding, trials: Dictionary(trials) { first, _ in first })
    }

    /// What speaks against the server.
    private func read(_ client: BlockingClient) throws(DatabaseError) -> FailoverPolicy.Finding? {
        if tables.isEmpty { return try readSchema(client) }
        var finding: FailoverPolicy.Finding?
        for table in tables {
            do throws(DatabaseError) {
                try client.execute("SELECT 1 FROM \(SQLIdentifier.quoted(table)) LIMIT 1")
                return nil
            } catch {
                switch error.scope {
                case .server: throw error
                // A table that is locked is no sign of anything.
                case .moment: finding = finding ?? .unclear
                case .missingName, .accessDenied, .table, .keys, .unknown:
                    guard error.kind == .statement else { throw error }
                    finding = .unwell(error)
                }
            }
        }
        return finding
    }

    private func readSchema(_ client: BlockingClient) throws(DatabaseError) -> FailoverPolicy.Finding? {
        let rows = try client.strings(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() LIMIT 1")
        return rows.isEmpty ? .lagging("its database has no tables") : nil
    }

    private func trials(_ client: BlockingClient) -> [String: Trial] {
        var trials: [String: Trial] = [:]
        for suspect in suspects {
            do throws(DatabaseError) {
                try client.execute(suspect.sql)
                trials[suspect.name] = .answered
            } catch {
                trials[suspect.name] =
                    error.kind == .statement && error.scope != .moment ? .refused : .unclear
                // It takes longer than a look may: no more can be asked.
                guard error.kind == .statement else { break }
            }
        }
        return trials
    }

    /// `SHOW ALL SLAVES STATUS` has a row for each primary that the server follows, and needs the privilege
    /// `SLAVE MONITOR`: https://mariadb.com/kb/en/show-replica-status/
    private func lag(_ client: BlockingClient) throws(DatabaseError) -> FailoverPolicy.Finding {
        guard maxLag > 0 else { return .well }
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
            if seconds > maxLag {
                return .lagging("it is \(seconds) s behind, database.max_lag_s is \(maxLag)")
            }
        }
        return .well
    }
}

extension HealthCheck {
    /// Some tables of a catalog, the same for the same catalog. Views are left out: to read one row of some, all are read.
    static func tables(of catalog: Catalog) -> [String] {
        var found: [String] = []
        for relationship in catalog.relationships where !relationship.indexes.isEmpty {
            let table = relationship.hops.first?.table ?? relationship.table
            if !found.contains(table) { found.append(table) }
            if found.count == mostTables { break }
        }
        return found
    }
}
