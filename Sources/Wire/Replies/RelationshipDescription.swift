import Relations

// {"name":"authors.books","kind":"many","table":"books","key":[{"column":"id","type":"bigint(20)"}],
//  "parent":[{"column":"id","type":"bigint(20)"}],
//  "columns":[{"column":"title","type":"varchar(80)","collation":"utf8mb4_general_ci","nullable":false}],
//  "order":["id"],"through":[],"include":["author","tags"],
//  "from":{"table":"authors","columns":["id"]},"hops":[],"to":["author_id"],"fixed":[],"distinct":false,
//  "primary_key":["id"]}
/// What `describe` tells of one relationship: what a client needs to load it, and, from `from` on, the SQL
/// that it stands for.
struct RelationshipDescription {
    private let relationship: Relationship
    private let included: [String]

    /// - Parameter included: the names that an include of its rows can have.
    init(_ relationship: Relationship, included: [String]) {
        self.relationship = relationship
        self.included = included
    }

    func write(to output: inout ByteBuffer) {
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
        output.list(included) { name, output in output.value(name) }
        structure(&output)
        output.endObject()
    }

    private func keyColumn(_ column: Column, _ output: inout ByteBuffer) {
        begin(column, &output)
        output.endObject()
    }

    // {"column":"title","type":"varchar(80)","collation":"utf8mb4_general_ci"
    private func begin(_ column: Column, _ output: inout ByteBuffer) {
        output.beginObject()
        output.member("column", column.name)
        output.member("type", column.declaration)
        if let (_, collation) = column.type.encoding { output.member("collation", collation) }
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

    // MARK: The SQL that it stands for

    // "from":{"table":"books","columns":["id"]},
    // "hops":[{"table":"book_tags","near":["book_id"],"far":["tag_id"]}],"to":["id"],
    // "fixed":[{"hop":0,"where":{"status":"shown"}}],"distinct":true,"primary_key":["id"]
    private func structure(_ output: inout ByteBuffer) {
        output.member("from")
        output.beginObject()
        output.member("table", relationship.parent)
        names("columns", of: relationship.key, &output)
        output.endObject()
        output.member("hops")
        output.list(relationship.hops) { hop, output in
            output.beginObject()
            output.member("table", hop.table)
            names("near", of: hop.near, &output)
            names("far", of: hop.far, &output)
            output.endObject()
        }
        names("to", of: relationship.targets, &output)
        output.member("fixed")
        output.list(relationship.fixed, fixed)
        output.member("distinct", relationship.isDistinct)
        names("primary_key", of: relationship.primaryKey, &output)
    }

    private func names(_ member: StaticString, of columns: [Column], _ output: inout ByteBuffer) {
        output.member(member)
        output.list(columns) { column, output in output.value(column.name) }
    }

    // {"hop":0,"where":{"owner_type":"book"}}, or without "hop" for a column of the related table
    private func fixed(_ fixed: FixedCondition, _ output: inout ByteBuffer) {
        output.beginObject()
        if let hop = fixed.hop { output.member("hop", hop) }
        output.member("where")
        output.beginObject()
        output.member(fixed.condition.column.name)
        comparison(fixed.condition.comparison, &output)
        output.endObject()
        output.endObject()
    }

    // "book", null, ["a","b"], {"ne":null}, {"gte":18}: as a request writes it in `where`
    private func comparison(_ comparison: Comparison, _ output: inout ByteBuffer) {
        switch comparison {
        case .isNull: output.null()
        case .equal(let value): scalar(value, &output)
        case .any(let values, let orNull):
            output.beginList()
            for value in values { scalar(value, &output) }
            if orNull { output.null() }
            output.endList()
        case .isNotNull: operation("ne", nil, &output)
        case .notEqual(let value): operation("ne", value, &output)
        case .less(let value): operation("lt", value, &output)
        case .lessOrEqual(let value): operation("lte", value, &output)
        case .greater(let value): operation("gt", value, &output)
        case .greaterOrEqual(let value): operation("gte", value, &output)
        case .like(let pattern): operation("like", .text(pattern), &output)
        }
    }

    private func operation(_ name: StaticString, _ value: Scalar?, _ output: inout ByteBuffer) {
        output.beginObject()
        output.member(name)
        if let value { scalar(value, &output) } else { output.null() }
        output.endObject()
    }

    private func scalar(_ value: Scalar, _ output: inout ByteBuffer) {
        output.separate()
        switch value {
        case .integer(let number): output.append(decimal: number)
        case .unsigned(let number): output.append(decimal: number)
        case .text(let bytes): output.append(jsonString: String(decoding: bytes, as: UTF8.self))
        case .bytes(let bytes): bytes.withUnsafeBytes { output.append(base64: $0) }
        }
    }
}
