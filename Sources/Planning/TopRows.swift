import Relations

/// Queries for some of the rows of each key: `limit` and `offset` per parent.
///
/// MySQL reads the first rows of each key from an index that has them in order by a `LATERAL` subquery for
/// each key, whatever the primary key is and however many rows are wanted. MariaDB has no `LATERAL`
/// (MDEV-19078); a scalar subquery for each row takes its place where few are wanted, and a `SELECT` for each
/// key (``SelectPerKey``) where many are. Without such an index all rows of each key are numbered by a
/// `window`. For the first 3 rows, the forms were measured on MariaDB to take, per key with 10 rows and with
/// 1000: with an index that has the rows in order, 28–49 µs in both cases for `lateral`, and 24–43 µs and
/// 560–750 µs for `window`; without such an index 49–74 µs and 3–4 ms for `window`, and twice that for
/// `lateral`. For the first 50 rows, a `SELECT` for each key took 1.4 times as long as `window` for keys with
/// 10 rows, and a third for keys with 1000.
struct TopRows {
    private let clauses: Clauses
    /// Whether an index has the rows of each key in order.
    let areInOrder: Bool
    /// Whether `lateral` is possible and best.
    let areSubqueriesBest: Bool
    /// The order in which an index has the rows of a key; see `Relationship.indexOrder`.
    private let indexOrder: [OrderTerm]

    init(_ clauses: Clauses) {
        self.clauses = clauses
        let (relationship, selection) = (clauses.relationship, clauses.selection)
        let order = selection.isCut ? relationship.indexOrder(selection) : nil
        indexOrder = order ?? []
        areInOrder = order != nil && !relationship.primaryKey.isEmpty
        areSubqueriesBest =
            areInOrder && (relationship.dialect.hasLateral || Self.canBeSubqueries(clauses))
    }

    private var relationship: Relationship { clauses.relationship }
    private var selection: Selection { clauses.selection }

    /// The greatest number of subqueries. More of them cost more than numbering all rows of a key, as a rule.
    private static let maxSubqueries = 20

    /// The greatest number of bytes of filter values in all subqueries together, each of which repeats them,
    /// so that the statement stays far below `max_allowed_packet`.
    private static let maxFilterBytes = 1 << 16

    /// Whether scalar subqueries can take the place of `LATERAL`: there are few of them, and what they give
    /// passes through JSON unchanged.
    private static func canBeSubqueries(_ clauses: Clauses) -> Bool {
        let selection = clauses.selection
        guard let limit = selection.limit, limit + selection.offset <= maxSubqueries else { return false }
        return clauses.relationship.primaryKey.allSatisfy { KeyFamily($0.type) == .integer }
            && !clauses.keyColumns.contains(where: \.needsRoundTrip)
            && (limit + selection.offset) * selection.byteCount <= maxFilterBytes
    }

    // SELECT k.o,t.`id`,t.`title` FROM JSON_TABLE('["42","43"]',…) k
    //   STRAIGHT_JOIN … x STRAIGHT_JOIN `books` t ON t.`id`=x.p0 ORDER BY k.o,…
    func lateral(_ keys: [Key], _ columns: [Column]) -> Statement {
        let guards = clauses.typeGuards(columns)
        let table = KeyTable(columns: clauses.keyColumns, keys: keys)
        var sql = SQLWriter(relationship.dialect)
        clauses.begin(&sql, with: table)
        sql.write("k.o,")
        sql.list(guards) { sql, typeGuard in sql.column(typeGuard.column.name, of: "t") }
        if !guards.isEmpty { sql.write(",") }
        clauses.shown(columns, &sql)
        sql.write(" FROM ")
        table.write(to: &sql)
        sql.write(" STRAIGHT_JOIN ")
        let hasLateral = relationship.dialect.hasLateral
        if hasLateral { lateralTable(table, &sql) } else { subqueries(table, &sql) }
        sql.write(" x STRAIGHT_JOIN ")
        sql.identifier(relationship.table)
        sql.write(" t ON ")
        clauses.samePrimaryKey(&sql, as: "x")
        sql.write(" ORDER BY k.o,")
        if hasLateral { clauses.orderTerms(&sql, of: "t") } else { sql.write("x.i") }
        return Statement(
            sql, attribution: .ordinal, typeGuards: guards.map(\.column.type))
    }

    // LATERAL (SELECT c.`id` p0 FROM `books` c WHERE c.`author_id`=k.k0
    //   ORDER BY c.`author_id`,c.`sold`,c.`id` LIMIT 3)
    /// Writes the subquery for the primary keys of each key's rows. MySQL reads them in order from the index
    /// only if the matched columns lead its ORDER BY, in the direction in which the index is read, although
    /// they are the same in all rows: without them, 9.7 reads all rows of the key and sorts.
    private func lateralTable(_ table: KeyTable, _ sql: inout SQLWriter) {
        sql.write("LATERAL (SELECT ")
        sql.list(relationship.primaryKey.enumerated()) { sql, item in
            sql.column(item.element.name, of: "c")
            sql.write(" p\(item.offset)")
        }
        rowsOfKey(table, &sql, order: indexOrder)
        sql.limit(selection)
        sql.write(")")
    }

    // JSON_TABLE(JSON_ARRAY(
    //     (SELECT c.`id` FROM `books` c WHERE c.`author_id`=k.k0 ORDER BY c.`sold`,c.`id` LIMIT 1 OFFSET 0),
    //     (SELECT c.`id` FROM `books` c WHERE c.`author_id`=k.k0 ORDER BY c.`sold`,c.`id` LIMIT 1 OFFSET 1)),
    //   '$[*]' COLUMNS (i FOR ORDINALITY,p0 BIGINT PATH '$'))
    private func subqueries(_ table: KeyTable, _ sql: inout SQLWriter) {
        sql.write("JSON_TABLE(JSON_ARRAY(")
        sql.list(0..<(selection.limit ?? 0)) { sql, row in
            subquery(table, &sql, row: selection.offset + row)
        }
        sql.write("),'$[*]' COLUMNS (i FOR ORDINALITY")
        for (index, column) in relationship.primaryKey.enumerated() {
            let path = relationship.primaryKey.count == 1 ? "$" : "$[\(index)]"
            let declaration = KeyColumn(key: column.type, column: column).declaration(maxLength: 1)
            sql.write(",p\(index) \(declaration) PATH '\(path)'")
        }
        sql.write("))")
    }

    private func subquery(_ table: KeyTable, _ sql: inout SQLWriter, row: Int) {
        let isComposite = relationship.primaryKey.count > 1
        sql.write(isComposite ? "(SELECT JSON_ARRAY(" : "(SELECT ")
        clauses.primaryKey(&sql, of: "c")
        if isComposite { sql.write(")") }
        rowsOfKey(table, &sql, order: selection.order)
        sql.write(" LIMIT 1 OFFSET \(row))")
    }

    //  FROM `books` c WHERE c.`author_id`=k.k0 ORDER BY c.`sold`,c.`id`
    private func rowsOfKey(_ table: KeyTable, _ sql: inout SQLWriter, order: [OrderTerm]) {
        sql.write(" FROM ")
        sql.identifier(relationship.table)
        sql.write(" c WHERE ")
        clauses.keyMatch(table, &sql, alias: "c")
        clauses.filter(&sql, after: "AND", related: "c")
        sql.write(" ORDER BY ")
        clauses.terms(order, &sql, of: "c")
    }

    // SELECT w.o,t.`id`,t.`title` FROM (SELECT k.o,t.`id` p0,
    //     ROW_NUMBER() OVER (PARTITION BY k.o ORDER BY t.`sold` DESC,t.`id`) n
    //     FROM JSON_TABLE(…) k STRAIGHT_JOIN `books` t ON t.`author_id`=k.k0) w
    //   STRAIGHT_JOIN `books` t ON t.`id`=w.p0 WHERE w.n>0 AND w.n<=3 ORDER BY w.o,w.n
    func window(_ keys: [Key], _ columns: [Column]) -> Statement {
        let guards = clauses.typeGuards(columns)
        let isNarrow = !relationship.primaryKey.isEmpty
        let table = KeyTable(columns: clauses.keyColumns, keys: keys)
        var sql = SQLWriter(relationship.dialect)
        clauses.begin(&sql, with: table)
        sql.write("w.o,")
        sql.list(guards.indices) { sql, index in sql.write("w.w\(index)") }
        if !guards.isEmpty { sql.write(",") }
        if isNarrow {
            clauses.shown(columns, &sql)
        } else {
            sql.list(columns.indices) { sql, index in sql.write("w.c\(index)") }
        }
        sql.write(" FROM (")
        numbered(&sql, table, guards, columns: isNarrow ? [] : columns)
        sql.write(") w")
        if isNarrow {
            sql.write(" STRAIGHT_JOIN ")
            sql.identifier(relationship.table)
            sql.write(" t ON ")
            clauses.samePrimaryKey(&sql, as: "w")
        }
        sql.write(" WHERE w.n>\(selection.offset)")
        if let limit = selection.limit { sql.write(" AND w.n<=\(selection.offset + limit)") }
        sql.write(" ORDER BY w.o,w.n")
        return Statement(
            sql, attribution: .ordinal, typeGuards: guards.map(\.column.type))
    }

    /// Writes the query for all rows of the keys, numbered within each key: their primary keys, or their
    /// columns if there is no primary key.
    private func numbered(
        _ sql: inout SQLWriter, _ table: KeyTable, _ guards: [Clauses.TypeGuard], columns: [Column]
    ) {
        sql.write("SELECT k.o")
        clauses.passedOn(guards, &sql)
        for (index, column) in columns.enumerated() {
            sql.write(",")
            clauses.shown(column, &sql)
            sql.write(" c\(index)")
        }
        sql.write(",ROW_NUMBER() OVER (PARTITION BY k.o")
        if !selection.order.isEmpty {
            sql.write(" ORDER BY ")
            clauses.orderTerms(&sql, of: "t")
        }
        sql.write(") n FROM ")
        clauses.keyedSources(table, &sql)
        clauses.filter(&sql, after: "WHERE")
        clauses.grouping(&sql) { $0.write("k.o") }
    }
}
