package import Configuration
package import MariaDB
package import Relations

/// What the commands that start no daemon want to know of the database. Waits.
package enum Inspection {
    package static func schema(_ settings: Settings) throws(DatabaseError) -> Schema {
        let client = try BlockingClient(firstReachable: Endpoint.all(settings.database, purpose: .schema))
        return try SchemaReader.read(client, database: settings.database.name)
    }

    /// What keeps servers from being used, where there are several: `server db2:3306 is not usable: …`
    package static func serverProblems(_ settings: Settings) -> [String] {
        let database = settings.database
        guard database.candidates.count > 1 else { return [] }
        return database.candidates.compactMap { server in
            let endpoint = Endpoint(database, at: server, purpose: .schema)
            switch HealthCheck.run(endpoint, maxLag: database.maxLagSeconds) {
            case .well: return nil
            case .lagging(let text): return "server \(server) is passed over: \(text)"
            case .unwell(let error): return "server \(server) is not usable: \(error)"
            }
        }
    }

    /// As the daemon connects to its preferred server to answer loads.
    package static func daemonEndpoint(_ settings: Settings) -> Endpoint {
        Endpoint(settings.database, at: settings.database.candidates[0], purpose: .loads)
    }

    /// As a program connects there that asks the database itself.
    package static func applicationEndpoint(_ settings: Settings) -> Endpoint {
        Endpoint(settings.database, at: settings.database.candidates[0], purpose: .application)
    }
}
