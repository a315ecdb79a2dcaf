import Relations

/// Queries in which the keys stand as literals: one is compared, or several are in a list.
struct LiteralKeys {
    private let clauses: Clauses

    init(_ clauses: Clauses) {
        self.clauses = clauses
    }

    private var relationship: Relationship { clauses.relationship }
    private var keyColumns: [KeyColumn] { clauses.keyColumns }

    // SELECT t.`id`,t.`title` FROM `books` t WHERE t.`author_id`=42 ORDER BY t.`id` LIMIT 3
    /// The frame of a query for one key, which ``Clauses/comparison(with:_:)`` fills.
    /// - Parameter key: the key; any, if the frame is ``Clauses/isIndependentOfKeys``.
    func equality(_ key: Key, _ columns: [Column]) -> StatementFrame {
        let guards = clauses.typeGuards(columns)
        var sql = SQLWriter(relationship.dialect)
        clauses.begin(&sql, with: [key])
        clauses.selected(&sql, guards, columns)
        clauses.literalSources(&sql)
        return StatementFrame(sql, attribution: .single, typeGuards: guards.map(\.column.type)) { sql in
            clauses.filter(&sql, after: "AND", rowsOf: key)
            clauses.grouping(&sql, by: nil)
            clauses.order(&sql, after: nil)
            sql.limit(clauses.selection)
        }
    }

    // SELECT t.`author_id`,t.`title` FROM `books` t WHERE t.`author_id` IN (42,43)
    //   ORDER BY t.`author_id`,t.`id`
    /// The frame of a query for several keys, which ``list(_:_:)`` fills.
    /// - Parameter keys: the keys; any, if the frame is ``Clauses/isIndependentOfKeys``.
    func valueList(_ keys: [Key], _ columns: [Column]) -> StatementFrame {
        let matched = keyColumns.map { Clauses.TypeGuard(alias: clauses.matched, column: $0.column) }
        let guards = clauses.typeGuards(columns).filter { !matched.contains($0) }
        let attribution = attribution(columns)
        var sql = SQLWriter(relationship.dialect)
        clauses.begin(&sql, with: keys)
        if case .values = attribution {
            clauses.matchedColumns(&sql)
            sql.write(",")
        }
        clauses.selected(&sql, guards, columns)
        clauses.literalSources(&sql)
        if keyColumns.count > 1 { sql.write("(") }
        clauses.matchedColumns(&sql)
        if keyColumns.count > 1 { sql.write(")") }
        sql.write(" IN (")
        return StatementFrame(sql, attribution: attribution, typeGuards: guards.map(\.column.type)) { sql in
            sql.write(")")
            clauses.filter(&sql, after: "AND")
            clauses.grouping(&sql, by: clauses.matchedColumns)
            clauses.order(&sql, after: clauses.matchedColumns)
        }
    }

    // 42,43
    // (2024,17),(2024,18)
    func list(_ keys: [Key], _ sql: inout SQLWriter) {
        sql.list(keys) { sql, key in values(&sql, key) }
    }

    private func values(_ sql: inout SQLWriter, _ key: Key) {
        switch key {
        case .single(let value): sql.literal(value, as: keyColumns[0].column.type)
        case .composite(let parts):
            sql.write("(")
            sql.list(zip(keyColumns, parts)) { sql, part in sql.literal(part.1, as: part.0.column.type) }
            sql.write(")")
        case .paged(let key, _): values(&sql, key)
        }
    }

    /// How rows say which key they belong to. A column that they show is not sent twice, which would be a
    /// tenth of the server's work for short rows.
    private func attribution(_ columns: [Column]) -> Attribution {
        let positions = keyColumns.compactMap { part in columns.firstIndex(of: part.column) }
        let areShown =
            clauses.matched == "t" && !clauses.selection.isCount && positions.count == keyColumns.count
        return areShown ? .shown(positions) : .values(keyColumns.map(\.column.type))
    }
}
