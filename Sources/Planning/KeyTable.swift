import Relations

/// The keys of a batch as a table that travels with the query, each with its ordinal.
///
/// The column types are explicit so that the index of the matched column is used: a `BIGINT` against a `VARCHAR`
/// column would read the whole table, a collation other than the column's own is error 1267.
struct KeyTable {
    let columns: [KeyColumn]
    let keys: [Key]

    // JSON_TABLE('["bob","zoë"]','$[*]' COLUMNS (o FOR ORDINALITY, k0 VARCHAR(3) … PATH '$')) k
    // JSON_TABLE('[["1","a"],["2","b"]]','$[*]' COLUMNS (o FOR ORDINALITY, k0 BIGINT PATH '$[0]', …)) k
    func write(to sql: inout SQLWriter) {
        sql.write("JSON_TABLE('[")
        sql.list(keys) { sql, key in document(&sql, key) }
        sql.write("]','$[*]' COLUMNS (o FOR ORDINALITY")
        for index in columns.indices {
            let path = columns.count == 1 ? "$" : "$[\(index)]"
            let longest = keys.reduce(0) { max($0, $1.part(index).byteCount) }
            sql.write(",k\(index) \(columns[index].declaration(longest: longest)) PATH '\(path)'")
            guard columns[index].needsRoundTrip else { continue }
            let original = KeyColumn.original(longest: longest)
            sql.write(",u\(index) \(original) PATH '\(path)'")
        }
        sql.write(")) k")
    }

    private func document(_ sql: inout SQLWriter, _ key: Key) {
        switch key {
        case .single(let value): sql.jsonString(value)
        case .composite(let parts):
            sql.write("[")
            sql.list(parts) { sql, part in sql.jsonString(part) }
            sql.write("]")
        }
    }
}

extension KeyColumn {
    /// The key as the client sent it, beside its copy in the column's character set.
    static func original(longest: Int) -> String {
        "\(text(longest)) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
    }
}
