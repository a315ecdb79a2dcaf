package import Relations

/// The reply to `describe`: which relationships there are, what they take, what they show, and where they
/// come from.
package struct DescribeReply {
    private let relationships: [Relationship]
    private let source: CatalogSource?
    private let limits: [(name: StaticString, value: Int)]
    /// By table, the names that an include of its rows can have.
    private let included: [String: [String]]

    /// - Parameters:
    ///   - relationships: the described ones.
    ///   - catalog: all relationships, some of which can be included in the rows of the described ones.
    ///   - source: where the catalog comes from; nil if it has not been read.
    ///   - limits: what a client must know to stay within them.
    package init(
        relationships: [Relationship], catalog: Catalog, source: CatalogSource?,
        limits: [(name: StaticString, value: Int)]
    ) {
        self.relationships = relationships
        self.source = source
        self.limits = limits
        let tables = Set(relationships.map(\.table))
        included = Dictionary(
            grouping: catalog.relationships.filter { tables.contains($0.parent) }, by: \.parent
        )
        .mapValues { $0.map { String($0.name.dropFirst(Relationship.qualified($0.parent).count + 1)) } }
    }

    // {"id":3,"relationships":[{"name":"authors.books",…},…],
    //  "database":{"name":"shop","server":"MariaDB 10.11.19","server_id":"…"},"schema_version":"…",
    //  "limits":{"keys":10000,…}}
    /// Writes the reply as one line.
    package func write(_ id: RequestID?, to output: inout ByteBuffer) {
        ReplyEncoder.open(id, member: "relationships", into: &output)
        output.list(relationships, write)
        if let source {
            output.member("database")
            output.beginObject()
            output.member("name", source.database)
            output.member("server", source.server)
            if let id = source.serverID { output.member("server_id", id) }
            output.endObject()
            output.member("schema_version", source.schemaVersion)
        }
        output.member("limits")
        output.beginObject()
        for (name, value) in limits { output.member(name, value) }
        output.endObject()
        ReplyEncoder.close(into: &output)
    }

    private func write(_ relationship: Relationship, to output: inout ByteBuffer) {
        RelationshipDescription(relationship, included: included[relationship.table] ?? []).write(to: &output)
    }
}

/// Where a catalog comes from.
package struct CatalogSource: Hashable, Sendable {
    /// The database's name, as the server writes it.
    package let database: String
    /// What the server says that it is: `MariaDB 10.11.19`.
    package let server: String
    /// What tells the server from others: `server_uuid` of a MySQL; of a MariaDB, a hash of its data
    /// directory, host name, port and `server_uid`; nil if it is not known.
    package let serverID: String?
    /// 16 hexadecimal digits, which are others as soon as `describe` tells anything else of a relationship.
    /// Daemons that tell the same have the same.
    package let schemaVersion: String

    package init(database: String, server: String, serverID: String?, catalog: Catalog) {
        self.database = database
        self.server = server
        self.serverID = serverID
        schemaVersion = Self.version(of: catalog)
    }

    private static func version(of catalog: Catalog) -> String {
        var hash = StableHash()
        var output = ByteBuffer()
        for relationship in catalog.relationships {
            RelationshipDescription(relationship, included: []).write(to: &output)
            output.withBytes { hash.combine($0) }
            output.removeAll(keepingCapacity: .max)
        }
        return hash.hexadecimal
    }
}

/// A hash that is the same in every process, unlike Swift's own: FNV-1a of 64 bits.
/// https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
private struct StableHash {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    /// 16 digits.
    var hexadecimal: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
