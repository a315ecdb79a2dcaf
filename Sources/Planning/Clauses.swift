import Relations

/// The clauses of which all queries for one relationship and one selection are made. It is a class so that
/// the planner, which has it in each of its parts, is cheap to copy.
final class Clauses: Sendable {
    let relationship: Relationship
    let selection: Selection
    let keyColumns: [KeyColumn]
    /// The alias of the table with the matched columns: `j0`, the first hop's, or `t`, the related one.
    let matched: String
    /// For each key column, what stands before the literal: ``t.`author_id`=``.
    private let comparisons: [[UInt8]]

    init(_ relationship: Relationship, _ selection: Selection) {
        self.relationship = relationship
        self.selection = selection
        keyColumns = zip(relationship.key, relationship.matchedColumns).map {
            KeyColumn(key: $0.type, column: $1)
        }
        let matched = relationship.hops.isEmpty ? "t" : "j0"
        self.matched = matched
        comparisons = relationship.matchedColumns.map { column in
            var sql = SQLWriter(relationship.dialect)
            sql.column(column.name, of: matched)
            sql.write("=")
            return sql.bytes
        }
    }

    /// A column that is compared with a value and that rows do not show. It is selected all the same: that it
    /// comes back with its type proves that it still has the type for which the value was written.
    struct TypeGuard: Hashable {
        let alias: String
        let column: Column
    }

    /// The matched columns, those of the conditions and those of positions, except those that rows show.
    func typeGuards(_ shown: [Column]) -> [TypeGuard] {
        var found: [TypeGuard] = []
        for compared in keyColumns.map({ TypeGuard(alias: matched, column: $0.column) })
            + conditions().map({ TypeGuard(alias: $0.alias, column: $0.condition.column) })
            + (selection.paging?.columns ?? []).map({ TypeGuard(alias: "t", column: $0) })
        where !found.contains(compared) && !(compared.alias == "t" && shown.contains(compared.column)) {
            found.append(compared)
        }
        return found
    }

    // MARK: The beginning

    // SELECT
    // SET STATEMENT sql_mode='ALLOW_INVALID_DATES' FOR SELECT
    /// Begins a query with keys in a table. A day like February 30, which may have been stored under that
    /// mode, is not one for `JSON_TABLE` otherwise. For all other queries the mode stays as it is, because
    /// views may compute with dates.
    func begin(_ sql: inout SQLWriter, with table: KeyTable) {
        begin(&sql, allowsImpossibleDays: table.hasImpossibleDay || hasRefusedDay(table.keys))
    }

    /// Begins a query with keys as literals. A server that takes no such day for one as a literal either
    /// needs the mode here as well.
    func begin(_ sql: inout SQLWriter, with keys: [Key]) {
        let hasDay =
            relationship.dialect.refusesImpossibleDays
            && KeyTable(columns: keyColumns, keys: keys).hasImpossibleDay
        begin(&sql, allowsImpossibleDays: hasDay || hasRefusedDay(keys))
    }

    private func begin(_ sql: inout SQLWriter, allowsImpossibleDays: Bool) {
        var variables: [(name: StaticString, value: String)] = []
        if allowsImpossibleDays { variables.append(("sql_mode", "'ALLOW_INVALID_DATES'")) }
        if sortsTexts { variables.append(("max_sort_length", "\(Self.maxSortLength)")) }
        sql.select(under: variables)
    }

    /// Whether all of a query but its literals is the same for every key: none of it depends on a position,
    /// nor on whether a key is a day that the server refuses.
    var isIndependentOfKeys: Bool {
        let mayRefuseKeys =
            relationship.dialect.refusesImpossibleDays && keyColumns.contains { $0.key.isOfDays }
        return selection.paging == nil && !mayRefuseKeys
    }

    /// Whether rows with a position are sorted by texts, of which the server would look at the first
    /// `max_sort_length` bytes only, 1024 by default: they would not stand where a comparison with the
    /// position says. Seen on MariaDB 10.11 for a `VARCHAR(40)`, each character of which is compared as up to
    /// 32 bytes under `utf8mb4_uca1400_as_cs`.
    private var sortsTexts: Bool {
        selection.paging?.columns.contains { column in
            switch column.type {
            case .text, .binary: true
            default: false
            }
        } ?? false
    }

    /// The greatest value of `max_sort_length`, in bytes.
    /// https://mariadb.com/kb/en/server-system-variables/#max_sort_length
    private static let maxSortLength = 8_388_608

    /// Whether a filter or a position has a day that the server would refuse, or tables are joined by days of
    /// two types: such a server also takes none of the days that it must convert for one that the calendar
    /// lacks.
    private func hasRefusedDay(_ keys: [Key]) -> Bool {
        guard relationship.dialect.refusesImpossibleDays else { return false }
        return joinsDaysOfOtherTypes || keys.contains(where: hasImpossibleDay)
            || conditions().contains { _, condition in
                condition.column.type.isOfDays
                    && condition.comparison.values.contains(where: \.isImpossibleDay)
            }
    }

    private func hasImpossibleDay(_ key: Key) -> Bool {
        guard let paging = selection.paging, let position = key.position else { return false }
        return zip(paging.columns, position.values).contains { column, value in
            column.type.isOfDays && value?.isImpossibleDay ?? false
        }
    }

    private var joinsDaysOfOtherTypes: Bool {
        let near = relationship.hops.dropFirst().map(\.near) + [relationship.targets]
        return zip(relationship.hops, near).contains { hop, near in
            zip(hop.far, near).contains { $0.type.isOfDays && $0.type != $1.type }
        }
    }

    // MARK: What is selected

    // j0.`book_id`,t.`id`,t.`title`
    /// Writes the type guards, followed by the columns that rows show or by the number of rows.
    func selected(_ sql: inout SQLWriter, _ guards: [TypeGuard], _ columns: [Column]) {
        for typeGuard in guards {
            sql.column(typeGuard.column.name, of: typeGuard.alias)
            sql.write(",")
        }
        if selection.isCount { count(&sql) } else { shown(columns, &sql) }
    }

    // t.`id`,t.`title`
    func shown(_ columns: [Column], _ sql: inout SQLWriter) {
        sql.list(columns) { sql, column in shown(column, &sql) }
    }

    // t.`id`, CAST(t.`price` AS DOUBLE), CAST(t.`k` AS BINARY)
    @inline(__always)
    func shown(_ column: Column, _ sql: inout SQLWriter) {
        switch column.form {
        case .shown:
            // The server prints a FLOAT with six digits only, but prints as a DOUBLE what is stored.
            if case .float = column.type { return cast(column.name, as: "DOUBLE", &sql) }
            sql.column(column.name, of: "t")
        case .stored: cast(column.name, as: "BINARY", &sql)
        case .lossless: sql.lossless(column, of: "t")
        }
    }

    private func cast(_ name: String, as type: String, _ sql: inout SQLWriter) {
        sql.write("CAST(")
        sql.column(name, of: "t")
        sql.write(" AS \(type))")
    }

    // COUNT(*), or COUNT(DISTINCT t.`id`)
    /// Writes the number of a key's rows.
    func count(_ sql: inout SQLWriter) {
        guard relationship.isDistinct else { return sql.write("COUNT(*)") }
        sql.write("COUNT(DISTINCT ")
        primaryKey(&sql, of: "t")
        sql.write(")")
    }

    func primaryKey(_ sql: inout SQLWriter, of alias: String) {
        sql.list(relationship.primaryKey) { sql, column in sql.column(column.name, of: alias) }
    }

    // ,j0.`book_id` w0,t.`id` p0
    /// Writes what a query within another one gives it: type guards, and the primary key by which
    /// ``samePrimaryKey(_:as:)`` finds the row again.
    func passedOn(_ guards: [TypeGuard], _ sql: inout SQLWriter) {
        for (index, typeGuard) in guards.enumerated() {
            sql.write(",")
            sql.column(typeGuard.column.name, of: typeGuard.alias)
            sql.write(" w\(index)")
        }
        for (index, column) in relationship.primaryKey.enumerated() {
            sql.write(",")
            sql.column(column.name, of: "t")
            sql.write(" p\(index)")
        }
    }

    // t.`id`=w.p0
    func samePrimaryKey(_ sql: inout SQLWriter, as alias: String) {
        sql.list(relationship.primaryKey.enumerated(), separator: " AND ") { sql, item in
            sql.column(item.element.name, of: "t")
            sql.write("=\(alias).p\(item.offset)")
        }
    }

    func matchedColumns(_ sql: inout SQLWriter) {
        sql.list(keyColumns) { sql, part in sql.column(part.column.name, of: matched) }
    }

    // MARK: Where from

    // `books` t, or `book_tags` j0
    func matchedTable(_ sql: inout SQLWriter) {
        sql.identifier(relationship.hops.first?.table ?? relationship.table)
        sql.write(" \(matched)")
    }

    //  JOIN `reviews` j1 ON j1.`book_id`=j0.`id` JOIN `readers` t ON t.`id`=j1.`reader_id`
    func furtherTables(_ sql: inout SQLWriter) {
        for (index, hop) in relationship.hops.enumerated() {
            let isLast = index == relationship.hops.count - 1
            let next = isLast ? "t" : "j\(index + 1)"
            sql.write(" JOIN ")
            sql.identifier(isLast ? relationship.table : relationship.hops[index + 1].table)
            sql.write(" \(next) ON ")
            let near = isLast ? relationship.targets : relationship.hops[index + 1].near
            sql.list(zip(near, hop.far), separator: " AND ") { sql, pair in
                sql.match(pair.0, of: next, with: pair.1, of: "j\(index)")
            }
        }
    }

    // t.`author_id`=k.k0
    func keyMatch(_ table: KeyTable, _ sql: inout SQLWriter, alias: String) {
        sql.list(keyColumns.indices, separator: " AND ") { sql, index in
            sql.column(keyColumns[index].column.name, of: alias)
            table.equality(with: index, &sql)
        }
    }

    // JSON_TABLE(…) k STRAIGHT_JOIN `books` t ON t.`author_id`=k.k0
    func keyedSources(_ table: KeyTable, _ sql: inout SQLWriter) {
        table.write(to: &sql)
        sql.write(" STRAIGHT_JOIN ")
        matchedTable(&sql)
        sql.write(" ON ")
        keyMatch(table, &sql, alias: matched)
        furtherTables(&sql)
    }

    // MARK: Conditions

    /// The conditions of the relationship and of the request, each with its table's alias.
    /// - Parameter alias: the alias of the related table.
    func conditions(related alias: String = "t") -> [(alias: String, condition: Condition)] {
        relationship.fixed.map { fixed in (fixed.hop.map { "j\($0)" } ?? alias, fixed.condition) }
            + selection.conditions.map { (alias, $0) }
    }

    // WHERE t.`status`='published', or AND …
    func filter(_ sql: inout SQLWriter, after word: String, related alias: String = "t") {
        var word = word
        for (alias, condition) in conditions(related: alias) {
            sql.write(" \(word) ")
            sql.condition(condition, of: alias)
            word = "AND"
        }
    }

    // AND t.`status`='published' AND (t.`sold`<1327 OR (t.`sold`=1327 AND t.`id`>33))
    /// Writes what must hold of a key's rows beside being its.
    func filter(_ sql: inout SQLWriter, after word: String, rowsOf key: Key) {
        filter(&sql, after: word)
        guard let paging = selection.paging, let position = key.position else { return }
        sql.write(conditions().isEmpty ? " \(word) " : " AND ")
        sql.behind(position, selection.readOrder, paging, of: "t")
    }

    // WHERE t.`author_id`=42
    // FROM JSON_TABLE('["bob"]',…) k STRAIGHT_JOIN `pets` t ON t.`owner`=k.k0
    /// Writes the tables and the condition for one key: as literals, or in a table if no literal finds
    /// exactly its rows.
    func sources(of key: Key, asLiteral: Bool, _ sql: inout SQLWriter) {
        guard asLiteral else {
            sql.write(" FROM ")
            return keyedSources(KeyTable(columns: keyColumns, keys: [key]), &sql)
        }
        literalSources(&sql)
        comparison(with: key, &sql)
    }

    //  FROM `books` t WHERE
    //  FROM `book_tags` j0 JOIN `tags` t ON t.`id`=j0.`tag_id` WHERE
    /// Writes the tables of a query in which the keys stand as literals, which follow.
    func literalSources(_ sql: inout SQLWriter) {
        sql.write(" FROM ")
        matchedTable(&sql)
        furtherTables(&sql)
        sql.write(" WHERE ")
    }

    // t.`year`=2024 AND t.`number`=17
    func comparison(with key: Key, _ sql: inout SQLWriter) {
        for index in keyColumns.indices {
            if index > 0 { sql.write(" AND ") }
            sql.write(comparisons[index])
            sql.literal(key.part(index), as: keyColumns[index].column.type)
        }
    }

    // MARK: Groups and order

    // GROUP BY k.o,t.`id`
    /// Makes a related row that is found in several ways one row; the shown columns depend on its primary
    /// key.
    func grouping(_ sql: inout SQLWriter, by key: ((inout SQLWriter) -> Void)?) {
        guard selection.isCount || relationship.isDistinct else { return }
        // A count without a key is one group by itself.
        if selection.isCount, key == nil { return }
        sql.write(" GROUP BY ")
        key?(&sql)
        if selection.isCount { return }
        if key != nil { sql.write(",") }
        primaryKey(&sql, of: "t")
    }

    // ORDER BY t.`author_id`,t.`published` DESC,t.`id`
    /// Writes the order, in which the key always comes first and ascending: a descending one would be read
    /// backwards from its index.
    func order(_ sql: inout SQLWriter, after key: ((inout SQLWriter) -> Void)?) {
        guard !relationship.isAtMostOne, !selection.order.isEmpty else { return }
        sql.write(" ORDER BY ")
        key?(&sql)
        if key != nil { sql.write(",") }
        orderTerms(&sql, of: "t")
    }

    func orderTerms(_ sql: inout SQLWriter, of alias: String) {
        terms(selection.readOrder, &sql, of: alias)
    }

    // t.`published` DESC,t.`id`
    func terms(_ order: [OrderTerm], _ sql: inout SQLWriter, of alias: String) {
        sql.list(order) { sql, term in
            sql.column(term.column, of: alias)
            if term.descending { sql.write(" DESC") }
        }
    }
}
