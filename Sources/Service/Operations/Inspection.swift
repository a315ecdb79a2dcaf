package import Configuration
package import MariaDB
package import Relations

/// What commands that start no daemon want to know of the database. Every call waits.
package enum Inspection {
    package static func schema(_ settings: Settings) throws(DatabaseError) -> Schema {
        let client = try BlockingClient(Endpoint(usedBy: settings, purpose: .schema))
        return try SchemaReader.read(client, settings)
    }

    /// The database's error, with a hint about what to set if that may be the reason.
    package static func explanation(of error: DatabaseError, _ settings: Settings) -> String {
        error.explained(settings.database)
    }

    /// What keeps servers from being used, where there are several: `server db2:3306 is not usable: …`, and
    /// whether that will never pass by itself, because the server is of another kind.
    package static func serverProblems(
        _ settings: Settings, serving catalog: Catalog, of kind: Dialect.Kind
    ) -> [(message: String, isFault: Bool)] {
        let database = settings.database
        let check = HealthCheck(
            maxLag: database.maxLagSeconds, kind: kind, tables: HealthCheck.tables(of: catalog))
        guard database.candidates.count > 1 else { return [] }
        return database.candidates.compactMap { server in
            let endpoint = Endpoint(database, at: server, purpose: .healthCheck)
            switch check.run(endpoint).finding {
            case .well, .unclear: return nil
            case .lagging(let text): return ("server \(server) is passed over: \(text)", false)
            case .unwell(let error):
                return (
                    "server \(server) is not usable: \(error.explained(database))",
                    error.errno == ErrorNumber.unsupportedServer
                )
            }
        }
    }

    /// How the server is reached that a daemon with these settings would use now: by the daemon to answer
    /// loads, and by an application that asks the database directly.
    package static func endpoints(_ settings: Settings) -> (daemon: Endpoint, application: Endpoint) {
        let server = settings.database.usedServer
        return (
            Endpoint(settings.database, at: server, purpose: .loads),
            Endpoint(settings.database, at: server, purpose: .application)
        )
    }
}

extension Endpoint {
    /// The server that a daemon with these settings would use now. Finding it out waits.
    init(usedBy settings: Settings, purpose: Purpose) {
        self.init(settings.database, at: settings.database.usedServer, purpose: purpose)
    }
}

extension Settings.Database {
    /// The first server that answers reads; if none does, the preferred one. Finding it out waits.
    fileprivate var usedServer: DatabaseServer {
        let candidates = candidates
        guard candidates.count > 1 else { return candidates[0] }
        let isWell = { server in
            let endpoint = Endpoint(self, at: server, purpose: .healthCheck)
            if case .well = HealthCheck(maxLag: maxLagSeconds).run(endpoint).finding { return true }
            return false
        }
        return candidates.first(where: isWell) ?? candidates[0]
    }
}
