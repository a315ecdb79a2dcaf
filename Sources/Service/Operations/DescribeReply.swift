import Relations
import Wire

/// Tells a client which relationships there are and what they take and show.
struct DescribeReply {
    let relationships: [Relationship]
    let limits: [(name: StaticString, value: Int)]
    /// By table, the names that an include of its rows can have.
    private let included: [String: [String]]

    init(relationships: [Relationship], catalog: Catalog, limits: [(name: StaticString, value: Int)]) {
        self.relationships = relationships
        self.limits = limits
        let tables = Set(relationships.map(\.table))
        included = Dictionary(
            grouping: catalog.relationships.filter { tables.contains($0.parent) }, by: \.parent
        )
        .mapValues { $0.map { String($0.name.dropFirst(Relationship.qualified($0.parent).count + 1)) } }
    }

    // {"id":3,"relationships":[{"name":"authors.books",…},…],"limits":{"keys":10000,…}}
    func write(_ id: RequestID?, to output: inout ByteBuffer) {
        ReplyEncoder.open(id, member: "relationships", into: &output)
        list(relationships, &output, write)
        output.append(",\"limits\":{")
        for (place, limit) in limits.enumerated() {
            output.append(place == 0 ? "\"" : ",\"")
            output.append(limit.name)
            output.append("\":")
            output.append(decimal: Int64(limit.value))
        }
        output.append("}")
        ReplyEncoder.close(into: &output)
    }

    // {"name":"authors.books","kind":"many","table":"books","key":[{"column":"id","type":"bigint(20)"}],
    //  "parent":[{"column":"id","type":"bigint(20)"}],
    //  "columns":[{"column":"title","type":"varchar(80)","nullable":false}],"order":["id"],"through":[],"include":["author","tags"]}
    private func write(_ relationship: Relationship, to output: inout ByteBuffer) {
        output.append("{\"name\":")
        output.append(jsonString: relationship.name)
        output.append(",\"kind\":")
        output.append(jsonString: relationship.kind.rawValue)
        output.append(",\"table\":")
        output.append(jsonString: relationship.table)
        output.append(",\"key\":")
        list(relationship.key, &output, keyColumn)
        output.append(",\"parent\":")
        list(relationship.parentKey, &output, keyColumn)
        output.append(",\"columns\":")
        list(relationship.columns, &output) { column, output in
            open(column, &output)
            output.append(column.isNullable ? ",\"nullable\":true}" : ",\"nullable\":false}")
        }
        output.append(",\"order\":")
        list(relationship.order, &output) { term, output in order(term, &output) }
        output.append(",\"through\":")
        list(relationship.hops, &output) { $1.append(jsonString: $0.table) }
        output.append(",\"include\":")
        list(included[relationship.table] ?? [], &output) { $1.append(jsonString: $0) }
        output.append("}")
    }

    private func keyColumn(_ column: Column, _ output: inout ByteBuffer) {
        open(column, &output)
        output.append("}")
    }

    // {"column":"id","type":"bigint(20)"
    private func open(_ column: Column, _ output: inout ByteBuffer) {
        output.append("{\"column\":")
        output.append(jsonString: column.name)
        output.append(",\"type\":")
        output.append(jsonString: column.declaration)
    }

    // "-sold", or {"column":"-odd","desc":true} where the name itself starts with a minus
    private func order(_ term: OrderTerm, _ output: inout ByteBuffer) {
        guard term.column.hasPrefix("-") else {
            return output.append(jsonString: (term.descending ? "-" : "") + term.column)
        }
        output.append("{\"column\":")
        output.append(jsonString: term.column)
        output.append(term.descending ? ",\"desc\":true}" : ",\"desc\":false}")
    }

    private func list<Element>(
        _ elements: [Element], _ output: inout ByteBuffer, _ write: (Element, inout ByteBuffer) -> Void
    ) {
        output.append("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(",") }
            write(element, &output)
        }
        output.append("]")
    }
}
