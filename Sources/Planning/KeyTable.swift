import Relations

/// The keys of a batch as a table within the query, in which each key has its ordinal.
///
/// The types of its columns are given so that the index of the matched column is used: comparing a `BIGINT`
/// with a `VARCHAR` column would read the whole table, and any collation but the column's own is error 1267.
struct KeyTable {
    let columns: [KeyColumn]
    let keys: [Key]
    /// By column, whether the part of some key is given as the bytes of a text.
    private let haveBytes: [Bool]

    init(columns: [KeyColumn], keys: [Key]) {
        self.columns = columns
        self.keys = keys
        haveBytes = columns.enumerated().map { index, column in
            // If every byte has a character in the column's character set, no text is ever given as bytes.
            column.needsRoundTrip && keys.contains { $0.part(index).isBytes }
        }
    }

    // JSON_TABLE('["bob","zoë"]','$[*]' COLUMNS (o FOR ORDINALITY, k0 VARCHAR(3) … PATH '$')) k
    // JSON_TABLE('[["1","a"],["2","b"]]','$[*]' COLUMNS (o FOR ORDINALITY, k0 BIGINT PATH '$[0]', …)) k
    // JSON_TABLE('["bob",{"x":"98"}]','$[*]' COLUMNS (…, k0 … PATH '$', h0 VARCHAR(6) … PATH '$.x')) k
    func write(to sql: inout SQLWriter) {
        sql.write("JSON_TABLE('[")
        sql.list(keys) { sql, key in document(&sql, key) }
        sql.write("]','$[*]' COLUMNS (o FOR ORDINALITY")
        for index in columns.indices {
            let path = columns.count == 1 ? "$" : "$[\(index)]"
            let maxLength = keys.reduce(0) { max($0, $1.part(index).byteCount) }
            sql.write(",k\(index) \(columns[index].declaration(maxLength: maxLength)) PATH '\(path)'")
            guard columns[index].needsRoundTrip else { continue }
            let original = KeyColumn.original(
                maxLength: maxLength, collation: sql.dialect.exactCollation)
            sql.write(",u\(index) \(original) PATH '\(path)'")
            guard haveBytes[index] else { continue }
            sql.write(",h\(index) \(KeyColumn.text(maxLength)) CHARACTER SET latin1 PATH '\(path).x'")
        }
        sql.write(")) k")
    }

    private func document(_ sql: inout SQLWriter, _ key: Key) {
        switch key {
        case .single(let value): part(&sql, value, 0)
        case .composite(let parts):
            sql.write("[")
            sql.list(parts.enumerated()) { sql, item in part(&sql, item.element, item.offset) }
            sql.write("]")
        case .paged(let key, _): document(&sql, key)
        }
    }

    private func part(_ sql: inout SQLWriter, _ value: Scalar, _ index: Int) {
        guard haveBytes[index], value.isBytes else { return sql.jsonString(value) }
        sql.write("{\"x\":")
        sql.jsonString(value)
        sql.write("}")
    }

    // =k.k0
    // =k.k0 AND CONVERT(k.k0 USING utf8mb4) COLLATE utf8mb4_nopad_bin=k.u0
    // =IFNULL(CONVERT(UNHEX(k.h0) USING cp1251) COLLATE cp1251_bin,k.k0) AND (k.h0 IS NOT NULL OR …)
    /// Writes the second half of the comparison with the matched column, and what else must hold.
    func equality(with index: Int, _ sql: inout SQLWriter) {
        let column = columns[index]
        guard haveBytes[index], let (charset, collation) = column.column.type.encoding else {
            sql.write("=\(column.expression("k.k\(index)"))")
            if column.needsRoundTrip { sql.write(" AND \(survivesConversion(index, sql))") }
            return
        }
        let bytes = "CONVERT(UNHEX(k.h\(index)) USING \(charset)) COLLATE \(collation)"
        sql.write(
            "=IFNULL(\(bytes),k.k\(index)) AND (k.h\(index) IS NOT NULL OR \(survivesConversion(index, sql)))"
        )
    }

    // CONVERT(k.k0 USING utf8mb4) COLLATE utf8mb4_nopad_bin=k.u0
    /// The condition that a key is the same in the matched column's character set as it was sent.
    private func survivesConversion(_ index: Int, _ sql: SQLWriter) -> String {
        "CONVERT(k.k\(index) USING utf8mb4) COLLATE \(sql.dialect.exactCollation)=k.u\(index)"
    }

    /// Whether some key is a day that the calendar does not have.
    var hasImpossibleDay: Bool {
        columns.enumerated().contains { index, column in
            column.key.isOfDays && keys.contains { $0.part(index).isImpossibleDay }
        }
    }
}

extension Scalar {
    fileprivate var isBytes: Bool { if case .bytes = self { true } else { false } }
}

extension KeyColumn {
    /// The type of a second column with the key as the client sent it, beside the one in the matched column's
    /// character set.
    static func original(maxLength: Int, collation: String) -> String {
        "\(text(maxLength)) CHARACTER SET utf8mb4 COLLATE \(collation)"
    }
}
