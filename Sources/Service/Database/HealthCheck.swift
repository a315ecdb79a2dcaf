import Loading
import MariaDB
import Relations

/// A health check of a server over a connection of its own, set up as those that answer loads: whether it
/// answers reads of what is needed of it. It waits, and so is not for the loop's thread.
struct HealthCheck: Sendable {
    /// A query that a server has refused for a reason that may be its own: others may answer it.
    struct Suspect: Hashable, Sendable {
        /// The relationship's name.
        let name: String
        let sql: String
    }

    /// What a check shows of a suspect.
    enum Trial: Sendable {
        case answered
        case refused
        /// Neither: it is locked or takes too long, or the server is in no state to be asked.
        case unclear
    }

    struct Outcome: Sendable {
        let finding: FailoverPolicy.Finding
        /// What was shown of each suspect whose turn came, by its name.
        let trials: [String: Trial]
    }

    /// Seconds that a replica may be behind; 0: any number.
    var maxLag = 0
    /// What the server must be; nil: any that can be used.
    var kind: Dialect.Kind?
    /// Some of the tables that are served, of which the server should be able to read one; empty while they
    /// are not known.
    var tables: [String] = []
    var suspects: [Suspect] = []

    /// The greatest number of tables; more than one, because a single table may be locked, or broken by
    /// itself.
    static let maxTables = 3

    func run(_ endpoint: Endpoint) -> Outcome {
        var endpoint = endpoint
        endpoint.readTimeoutSeconds = endpoint.connectTimeoutSeconds
        do throws(DatabaseError) {
            let client = try BlockingClient(endpoint)
            if let kind, let error = DatabaseError(client.dialect, where: kind) { throw error }
            if let problem = try problemReading(client) { return withoutTrials(problem) }
            if let problem = try problemReplicating(client) { return withoutTrials(problem) }
            return Outcome(finding: .well, trials: trials(client))
        } catch {
            return withoutTrials(.unwell(error))
        }
    }

    /// The server is in no state to be asked for suspects.
    private func withoutTrials(_ finding: FailoverPolicy.Finding) -> Outcome {
        let trials = suspects.map { ($0.name, Trial.unclear) }
        return Outcome(finding: finding, trials: Dictionary(trials) { first, _ in first })
    }

    /// Reads a row of one of the tables.
    /// - Returns: what speaks against the server; nil if a table could be read.
    private func problemReading(_ client: BlockingClient) throws(DatabaseError) -> FailoverPolicy.Finding? {
        if tables.isEmpty { return try problemWithoutTables(client) }
        var problem: FailoverPolicy.Finding?
        for table in tables {
            do throws(DatabaseError) {
                try client.execute("SELECT 1 FROM \(SQLIdentifier.quoted(table)) LIMIT 1")
                return nil
            } catch {
                switch error.scope {
                case .server: throw error
                // A table that is locked is no sign of anything.
                case .moment: problem = problem ?? .unclear
                case .missingName, .accessDenied, .table, .keys, .unknown:
                    guard error.kind == .statement else { throw error }
                    problem = .unwell(error)
                }
            }
        }
        return problem
    }

    private func problemWithoutTables(_ client: BlockingClient) throws(DatabaseError)
        -> FailoverPolicy.Finding?
    {
        let rows = try client.strings(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() LIMIT 1")
        return rows.isEmpty ? .lagging("its database has no tables") : nil
    }

    private func problemReplicating(_ client: BlockingClient) throws(DatabaseError)
        -> FailoverPolicy.Finding?
    {
        guard maxLag > 0 else { return nil }
        do throws(DatabaseError) {
            for lag in try client.replicaLags() {
                guard let lag else { return .lagging("its replication does not run") }
                if lag > maxLag {
                    return .lagging("it is \(lag) s behind, database.max_lag_s is \(maxLag)")
                }
            }
            return nil
        } catch {
            guard error.kind == .statement else { throw error }
            return .lagging("its lag cannot be seen: \(error)")
        }
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
                // It takes longer than a check may: no more can be asked.
                guard error.kind == .statement else { break }
            }
        }
        return trials
    }
}

extension HealthCheck {
    /// Some tables of a catalog, always the same ones of the same catalog. Views are left out: to read one
    /// row of some, the server reads all rows behind them.
    static func tables(of catalog: Catalog) -> [String] {
        var found: [String] = []
        for relationship in catalog.relationships where !relationship.indexes.isEmpty {
            let table = relationship.hops.first?.table ?? relationship.table
            if !found.contains(table) { found.append(table) }
            if found.count == maxTables { break }
        }
        return found
    }
}

extension DatabaseError {
    /// That a server is of another kind than those that are used together; nil if it is not.
    init?(_ dialect: Dialect, where kind: Dialect.Kind) {
        guard dialect.kind != kind else { return nil }
        self.init(
            errno: ErrorNumber.unsupportedServer,
            message: "the server is \(dialect), and the schema that is served was read from "
                + "a server of \(kind); all of database.servers must be of one kind",
            kind: .refused)
    }
}
