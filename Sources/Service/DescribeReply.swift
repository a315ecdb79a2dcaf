import Relations
import Wire

/// Tells a client which relationships there are and what they take and show.
struct DescribeReply {
    let relationships: [Relationship]

    // {"id":3,"relationships":[{"name":"authors.books",…},…]}
    func write(_ id: RequestID?, to output: inout ByteBuffer) {
        ReplyEncoder.open(id, member: "relationships", into: &output)
        list(relationships, &output, write)
        ReplyEncoder.close(into: &output)
    }

    // {"name":"authors.books","kind":"many","table":"books","key":[{"column":"id","type":"bigint(20)"}],
    //  "columns":[{"column":"title","type":"varchar(80)","nullable":false}],"order":["id"],"through":[]}
    private func write(_ relationship: Relationship, to output: inout ByteBuffer) {
        output.append("{\"name\":")
        output.append(jsonString: relationship.name)
        output.append(",\"kind\":")
        output.append(jsonString: relationship.kind.rawValue)
        output.append(",\"table\":")
        output.append(jsonString: relationship.table)
        output.append(",\"key\":")
        list(relationship.key, &output) { column, output in
            open(column, &output)
            output.append("}")
        }
        output.append(",\"columns\":")
        list(relationship.columns, &output) { column, output in
            open(column, &output)
            output.append(column.isNullable ? ",\"nullable\":true}" : ",\"nullable\":false}")
        }
        output.append(",\"order\":")
        list(relationship.order, &output) { term, output in order(term, &output) }
        output.append(",\"through\":")
        list(relationship.hops, &output) { $1.append(jsonString: $0.table) }
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
