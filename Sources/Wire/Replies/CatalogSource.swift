package import Relations

/// Where a catalog comes from.
package struct CatalogSource: Hashable, Sendable {
    /// The database's name, as the server writes it.
    package let database: String
    /// What the server says that it is: `MariaDB 10.11.19`.
    package let server: String
    /// What tells the server from others: `server_uuid` of a MySQL; of a MariaDB, a hash of its data
    /// directory, host name, port and `server_uid`; nil if it is not known.
    package let serverID: String?
    /// Another one as soon as `describe` tells anything else of a relationship. Daemons that tell the same
    /// have the same.
    package let schemaVersion: Fingerprint
    /// Another one as soon as ``schemaVersion``, ``database`` or ``serverID`` is: what a load can ask for as
    /// `source_version`.
    package let version: Fingerprint

    package init(database: String, server: String, serverID: String?, catalog: Catalog) {
        self.database = database
        self.server = server
        self.serverID = serverID
        schemaVersion = Self.schemaVersion(of: catalog)
        version = Fingerprint(of: [schemaVersion.hexadecimal, database, serverID ?? ""])
    }

    private static func schemaVersion(of catalog: Catalog) -> Fingerprint {
        var version = Fingerprint()
        var output = ByteBuffer()
        for relationship in catalog.relationships {
            RelationshipDescription(relationship, included: []).write(to: &output)
            output.withBytes { version.combine($0) }
            output.removeAll(keepingCapacity: .max)
        }
        return version
    }
}
