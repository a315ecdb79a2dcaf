package import Relations

/// Turns keys of one relationship into one query.
package struct Planner: Sendable {
    private let relationship: Relationship
    private let keyColumns: [KeyColumn]
    /// The alias of the table that holds the matched columns: `j`, a join table, or `t`, the related one.
    private let matched: String
    /// Matched columns that are not among the shown ones.
    private let unseen: [KeyColumn]

    package init(_ relationship: Relationship) {
        self.relationship = relationship
        keyColumns = zip(relationship.key, relationship.matches).map { KeyColumn(key: $0.type, column: $1) }
        matched = relationship.through == nil ? "t" : "j"
        unseen = keyColumns.filter {
            relationship.through != nil || !relationship.columns.contains($0.column)
        }
    }

    /// The most keys that one query should carry, given the configured bound.
    package func maxKeys(_ configured: Int) -> Int {
        keyColumns.contains { $0.travelsAlone } ? 1 : max(1, configured / keyColumns.count)
    }

    /// - Precondition: at least one key, each with as many parts as the relationship's key has columns.
    package func statement(for keys: [Key]) -> Statement {
        if keys.count == 1, keyColumns.allSatisfy(\.hasExactLiteral) { return equality(keys[0]) }
        let isDecidedByBytes = keyColumns.allSatisfy { KeyFamily($0.column.type)?.isDecidedByBytes ?? false }
        return isDecidedByBytes ? valueList(keys) : ordinals(keys)
    }

    // SELECT t.`id`,t.`title` FROM `books` t WHERE t.`author_id`=42 ORDER BY t.`id`
    private func equality(_ key: Key) -> Statement {
        var sql = SQLWriter()
        sql.write("SELECT ")
        witnesses(&sql)
        shownColumns(&sql)
        sql.write(" FROM ")
        sources(&sql)
        sql.write(" WHERE ")
        sql.list(zip(keyColumns, key.parts), separator: " AND ") { sql, part in
            sql.column(part.0.column.name, of: matched)
            sql.write("=")
            sql.literal(part.1, as: part.0.column.type)
        }
        grouping(&sql, by: nil)
        order(&sql, after: nil)
        return Statement(
            sql: sql.bytes, attribution: .single, witnesses: unseen.map(\.column.type),
            suspectsWarnings: false)
    }

    // SELECT t.`author_id`,t.`id`,t.`title` FROM `books` t WHERE t.`author_id` IN (42,43) ORDER BY t.`author_id`,t.`id`
    private func valueList(_ keys: [Key]) -> Statement {
        var sql = SQLWriter()
        sql.write("SELECT ")
        matchedColumns(&sql)
        sql.write(",")
        shownColumns(&sql)
        sql.write(" FROM ")
        sources(&sql)
        sql.write(" WHERE ")
        if keyColumns.count > 1 { sql.write("(") }
        matchedColumns(&sql)
        if keyColumns.count > 1 { sql.write(")") }
        sql.write(" IN (")
        sql.list(keys) { sql, key in values(&sql, key) }
        sql.write(")")
        grouping(&sql, by: matchedColumns)
        order(&sql, after: matchedColumns)
        let types = keyColumns.map(\.column.type)
        return Statement(sql: sql.bytes, attribution: .values(types), witnesses: [], suspectsWarnings: false)
    }

    // SELECT k.o,t.`id` FROM JSON_TABLE('["bob","zoë"]','$[*]' COLUMNS (o FOR ORDINALITY,
    //   k0 VARCHAR(3) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PATH '$')) k
    //   STRAIGHT_JOIN `pets` t ON t.`owner`=k.k0 ORDER BY k.o,t.`id`
    private func ordinals(_ keys: [Key]) -> Statement {
        var sql = SQLWriter()
        sql.write("SELECT k.o,")
        witnesses(&sql)
        shownColumns(&sql)
        sql.write(" FROM ")
        KeyTable(columns: keyColumns, keys: keys).write(to: &sql)
        sql.write(" STRAIGHT_JOIN ")
        matchedTable(&sql)
        sql.write(" ON ")
        sql.list(keyColumns.indices, separator: " AND ") { sql, index in
            let part = keyColumns[index]
            sql.column(part.column.name, of: matched)
            sql.write("=\(part.expression("k.k\(index)"))")
            if part.needsRoundTrip {
                sql.write(" AND CONVERT(k.k\(index) USING utf8mb4) COLLATE utf8mb4_nopad_bin=k.u\(index)")
            }
        }
        farTable(&sql)
        grouping(&sql) { $0.write("k.o") }
        order(&sql) { $0.write("k.o") }
        // Where a round trip is needed, the server warns of every key that does not survive it.
        let warns = keyColumns.contains(where: \.needsRoundTrip)
        return Statement(
            sql: sql.bytes, attribution: .ordinal, witnesses: unseen.map(\.column.type),
            suspectsWarnings: !warns)
    }

    // 42 or (2024,17)
    private func values(_ sql: inout SQLWriter, _ key: Key) {
        let parts = key.parts
        if parts.count > 1 { sql.write("(") }
        sql.list(zip(keyColumns, parts)) { sql, part in sql.literal(part.1, as: part.0.column.type) }
        if parts.count > 1 { sql.write(")") }
    }

    private func matchedColumns(_ sql: inout SQLWriter) {
        sql.list(keyColumns) { sql, part in sql.column(part.column.name, of: matched) }
    }

    private func witnesses(_ sql: inout SQLWriter) {
        for part in unseen {
            sql.column(part.column.name, of: matched)
            sql.write(",")
        }
    }

    private func shownColumns(_ sql: inout SQLWriter) {
        sql.list(relationship.columns) { sql, column in
            // The server prints a FLOAT with six digits only; as a DOUBLE it prints what is stored.
            guard column.type == .float else { return sql.column(column.name, of: "t") }
            sql.write("CAST(")
            sql.column(column.name, of: "t")
            sql.write(" AS DOUBLE)")
        }
    }

    // `books` t, or `book_tags` j JOIN `tags` t ON t.`id`=j.`tag_id`
    private func sources(_ sql: inout SQLWriter) {
        matchedTable(&sql)
        farTable(&sql)
    }

    private func matchedTable(_ sql: inout SQLWriter) {
        sql.identifier(relationship.through?.table ?? relationship.table)
        sql.write(" \(matched)")
    }

    private func farTable(_ sql: inout SQLWriter) {
        guard let join = relationship.through else { return }
        sql.write(" JOIN ")
        sql.identifier(relationship.table)
        sql.write(" t ON ")
        sql.list(zip(join.targets, join.farColumns), separator: " AND ") { sql, pair in
            sql.column(pair.0, of: "t")
            sql.write("=")
            sql.column(pair.1, of: "j")
        }
    }

    // GROUP BY k.o,t.`id`: a pair that the join table holds twice is one row; the shown columns depend on t's key.
    private func grouping(_ sql: inout SQLWriter, by key: ((inout SQLWriter) -> Void)?) {
        guard let join = relationship.through, join.distinct else { return }
        sql.write(" GROUP BY ")
        if let key {
            key(&sql)
            sql.write(",")
        }
        sql.list(relationship.primaryKey) { sql, name in sql.column(name, of: "t") }
    }

    /// The key always stands first and ascending: a descending one would be read backwards from its index.
    private func order(_ sql: inout SQLWriter, after key: ((inout SQLWriter) -> Void)?) {
        let terms = relationship.isAtMostOne ? [] : relationship.order
        guard !terms.isEmpty else { return }
        sql.write(" ORDER BY ")
        if let key {
            key(&sql)
            sql.write(",")
        }
        sql.list(terms) { sql, term in
            sql.column(term.column, of: "t")
            if term.descending { sql.write(" DESC") }
        }
    }
}
