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
    //  "source_version":"…","limits":{"keys":10000,…}}
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
            output.member("schema_version", source.schemaVersion.hexadecimal)
            output.member("source_version", source.version.hexadecimal)
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
