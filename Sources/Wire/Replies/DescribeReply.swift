package import Relations

/// The reply to `describe`: which relationships there are, what they take and what they show.
package struct DescribeReply {
    private let relationships: [Relationship]
    private let limits: [(name: StaticString, value: Int)]
    /// By table, the names that an include of its rows can have.
    private let included: [String: [String]]

    /// - Parameters:
    ///   - relationships: the described ones.
    ///   - catalog: all relationships, some of which can be included in the rows of the described ones.
    ///   - limits: what a client must know to stay within them.
    package init(
        relationships: [Relationship], catalog: Catalog, limits: [(name: StaticString, value: Int)]
    ) {
        self.relationships = relationships
        self.limits = limits
        let tables = Set(relationships.map(\.table))
        included = Dictionary(
            grouping: catalog.relationships.filter { tables.contains($0.parent) }, by: \.parent
        )
        .mapValues { $0.map { String($0.name.dropFirst(Relationship.qualified($0.parent).count + 1)) } }
    }

    // {"id":3,"relationships":[{"name":"authors.books",…},…],"limits":{"keys":10000,…}}
    /// Writes the reply as one line.
    package func write(_ id: RequestID?, to output: inout ByteBuffer) {
        ReplyEncoder.open(id, member: "relationships", into: &output)
        output.list(relationships, write)
        output.member("limits")
        output.beginObject()
        for (name, value) in limits { output.member(name, value) }
        output.endObject()
        ReplyEncoder.close(into: &output)
    }

    // {"name":"authors.books","kind":"many","table":"books","key":[{"column":"id","type":"bigint(20)"}],
    //  "parent":[{"column":"id","type":"bigint(20)"}],
    //  "columns":[{"column":"title","type":"varchar(80)","nullable":false}],"order":["id"],"through":[],
    //  "include":["author","tags"]}
    private func write(_ relationship: Relationship, to output: inout ByteBuffer) {
        output.beginObject()
        output.member("name", relationship.name)
        output.member("kind", relationship.kind.rawValue)
        output.member("table", relationship.table)
        output.member("key")
        output.list(relationship.key) { column, output in keyColumn(column, &output) }
        output.member("parent")
        output.list(relationship.parentKey) { column, output in keyColumn(column, &output) }
        output.member("columns")
        output.list(relationship.columns) { column, output in
            begin(column, &output)
            output.member("nullable", column.isNullable)
            output.endObject()
        }
        output.member("order")
        output.list(relationship.order) { term, output in order(term, &output) }
        output.member("through")
        output.list(relationship.hops) { hop, output in output.value(hop.table) }
        output.member("include")
        output.list(included[relationship.table] ?? []) { name, output in output.value(name) }
        output.endObject()
    }

    private func keyColumn(_ column: Column, _ output: inout ByteBuffer) {
        begin(column, &output)
        output.endObject()
    }

    // {"column":"id","type":"bigint(20)"
    private func begin(_ column: Column, _ output: inout ByteBuffer) {
        output.beginObject()
        output.member("column", column.name)
        output.member("type", column.declaration)
    }

    // "-sold", or {"column":"-odd","desc":true} where the name itself starts with a minus
    private func order(_ term: OrderTerm, _ output: inout ByteBuffer) {
        guard term.column.hasPrefix("-") else {
            return output.value((term.descending ? "-" : "") + term.column)
        }
        output.beginObject()
        output.member("column", term.column)
        output.member("desc", term.descending)
        output.endObject()
    }
}
