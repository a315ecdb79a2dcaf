package import Configuration
package import MariaDB
package import Relations

/// What the commands that start no daemon want to know of the database. Waits.
package enum Inspection {
    package static func schema(_ settings: Settings) throws(DatabaseError) -> Schema {
        try SchemaReader.read(from: Endpoint(settings.database, purpose: .schema))
    }

    /// As the daemon connects to answer loads.
    package static func daemonEndpoint(_ settings: Settings) -> Endpoint {
        Endpoint(settings.database, purpose: .loads)
    }

    /// As a program connects that asks the database itself.
    package static func applicationEndpoint(_ settings: Settings) -> Endpoint {
        Endpoint(settings.database, purpose: .application)
    }
}
