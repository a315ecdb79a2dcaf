package import Relations

/// Writes the query for keys of one relationship with one selection.
package struct Planner: Sendable {
    /// How a query finds the rows of several keys.
    package enum Form: Hashable, Sendable {
        /// One key is compared with a literal.
        case equality
        /// The keys stand in a list, `IN (42,43)`, because bytes decide which values are equal.
        case valueList
        /// The keys stand in a table within the query, and each row comes back with the ordinal of its key.
        case ordinals
        /// The first rows of each key are read in order from an index, by a subquery for each key, or for
        /// each row where the server has no `LATERAL`.
        case lateral
        /// The first rows of each key are found by numbering all of its rows with a window function.
        case window
        /// Each key has a `SELECT` of its own, all in one statement.
        case selectPerKey
    }

    private let clauses: Clauses
    private let topRows: TopRows
    private let selectPerKey: SelectPerKey
    /// The form of the query for two keys or more.
    package let formOfSeveralKeys: Form

    package init(_ relationship: Relationship, _ selection: Selection) {
        clauses = Clauses(relationship, selection)
        topRows = TopRows(clauses)
        selectPerKey = SelectPerKey(clauses)
        formOfSeveralKeys = Self.formOfSeveralKeys(clauses, topRows)
    }

    private static func formOfSeveralKeys(_ clauses: Clauses, _ topRows: TopRows) -> Form {
        if clauses.selection.paging != nil { return .selectPerKey }
        if clauses.selection.isCut {
            if topRows.areSubqueriesBest { return .lateral }
            let haveLiterals = clauses.keyColumns.allSatisfy(\.hasExactLiteral)
            let areFew = clauses.selection.limit != nil && topRows.areInOrder
            return areFew && haveLiterals ? .selectPerKey : .window
        }
        let isDecidedByBytes = clauses.keyColumns.allSatisfy {
            KeyFamily($0.column.type)?.isDecidedByBytes ?? false
        }
        return isDecidedByBytes ? .valueList : .ordinals
    }

    private var keyColumns: [KeyColumn] { clauses.keyColumns }

    /// The greatest number of keys that one query should have, given the configured bound.
    package func maxKeys(_ configured: Int) -> Int {
        if formOfSeveralKeys == .selectPerKey { return selectPerKey.maxKeys(configured) }
        return keyColumns.contains { $0.needsOwnQuery } ? 1 : max(1, configured / keyColumns.count)
    }

    /// The form of the query for these keys.
    package func form(_ keys: [Key]) -> Form {
        keys.count == 1 && hasExactLiteral(keys[0]) ? .equality : formOfSeveralKeys
    }

    /// Whether a comparison with the key as a literal finds exactly its rows.
    private func hasExactLiteral(_ key: Key) -> Bool {
        keyColumns.allSatisfy(\.hasExactLiteral) && !isCut(key)
    }

    /// Whether the server would cut a part of the key if it stood in the query as a literal.
    private func isCut(_ key: Key) -> Bool {
        clauses.relationship.dialect.cutsLongLiterals
            && keyColumns.enumerated().contains { index, column in column.isShorter(than: key.part(index)) }
    }

    /// Writes the query.
    /// - Precondition: there is at least one key, each has as many parts as the relationship's key has
    ///   columns, and there is at least one column, unless rows are counted.
    package func statement(for keys: [Key], showing columns: [Column]) -> Statement {
        switch form(keys) {
        case .equality: equality(keys[0], columns)
        case .valueList: valueList(keys, columns)
        case .ordinals: ordinals(keys, columns)
        case .lateral: topRows.lateral(keys, columns)
        case .window: topRows.window(keys, columns)
        case .selectPerKey: selectPerKey.statement(keys, columns, hasLiteral: hasExactLiteral)
        }
    }

    // SELECT t.`id`,t.`title` FROM `books` t WHERE t.`author_id`=42 ORDER BY t.`id` LIMIT 3
    private func equality(_ key: Key, _ columns: [Column]) -> Statement {
        let guards = clauses.typeGuards(columns)
        var sql = SQLWriter(clauses.relationship.dialect)
        clauses.begin(&sql, with: [key])
        selected(&sql, guards, columns)
        clauses.sources(of: key, asLiteral: true, &sql)
        clauses.filter(&sql, after: "AND", rowsOf: key)
        clauses.grouping(&sql, by: nil)
        clauses.order(&sql, after: nil)
        sql.limit(clauses.selection)
        return Statement(
            sql, attribution: .single, typeGuards: guards.map(\.column.type))
    }

    // SELECT t.`author_id`,t.`title` FROM `books` t WHERE t.`author_id` IN (42,43)
    //   ORDER BY t.`author_id`,t.`id`
    private func valueList(_ keys: [Key], _ columns: [Column]) -> Statement {
        let matched = keyColumns.map { Clauses.TypeGuard(alias: clauses.matched, column: $0.column) }
        let guards = clauses.typeGuards(columns).filter { !matched.contains($0) }
        let attribution = attribution(columns)
        var sql = SQLWriter(clauses.relationship.dialect)
        clauses.begin(&sql, with: keys)
        if case .values = attribution {
            clauses.matchedColumns(&sql)
            sql.write(",")
        }
        selected(&sql, guards, columns)
        sql.write(" FROM ")
        clauses.matchedTable(&sql)
        clauses.furtherTables(&sql)
        sql.write(" WHERE ")
        if keyColumns.count > 1 { sql.write("(") }
        clauses.matchedColumns(&sql)
        if keyColumns.count > 1 { sql.write(")") }
        sql.write(" IN (")
        sql.list(keys) { sql, key in values(&sql, key) }
        sql.write(")")
        clauses.filter(&sql, after: "AND")
        clauses.grouping(&sql, by: clauses.matchedColumns)
        clauses.order(&sql, after: clauses.matchedColumns)
        return Statement(
            sql, attribution: attribution, typeGuards: guards.map(\.column.type))
    }

    /// How rows say which key they belong to. A column that they show is not sent twice, which would be a
    /// tenth of the server's work for short rows.
    private func attribution(_ columns: [Column]) -> Attribution {
        let positions = keyColumns.compactMap { part in columns.firstIndex(of: part.column) }
        let areShown =
            clauses.matched == "t" && !clauses.selection.isCount && positions.count == keyColumns.count
        return areShown ? .shown(positions) : .values(keyColumns.map(\.column.type))
    }

    // SELECT k.o,t.`id` FROM JSON_TABLE('["bob","zoë"]','$[*]' COLUMNS (o FOR ORDINALITY,
    //   k0 VARCHAR(3) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PATH '$')) k
    //   STRAIGHT_JOIN `pets` t ON t.`owner`=k.k0 ORDER BY k.o,t.`id`
    private func ordinals(_ keys: [Key], _ columns: [Column]) -> Statement {
        let guards = clauses.typeGuards(columns)
        let table = KeyTable(columns: keyColumns, keys: keys)
        var sql = SQLWriter(clauses.relationship.dialect)
        clauses.begin(&sql, with: table)
        sql.write("k.o,")
        selected(&sql, guards, columns)
        sql.write(" FROM ")
        clauses.keyedSources(table, &sql)
        clauses.filter(&sql, after: "WHERE")
        clauses.grouping(&sql) { $0.write("k.o") }
        clauses.order(&sql) { $0.write("k.o") }
        return Statement(
            sql, attribution: .ordinal, typeGuards: guards.map(\.column.type))
    }

    /// Writes the type guards, followed by the columns that rows show or by the number of rows.
    private func selected(_ sql: inout SQLWriter, _ guards: [Clauses.TypeGuard], _ columns: [Column]) {
        for typeGuard in guards {
            sql.column(typeGuard.column.name, of: typeGuard.alias)
            sql.write(",")
        }
        if clauses.selection.isCount { clauses.count(&sql) } else { clauses.shown(columns, &sql) }
    }

    // 42 or (2024,17)
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
}
