import Relations

/// Queries with a `SELECT` of its own for each key, under `UNION ALL`.
///
/// Bounds that come out of a table of keys are no constants, so that the server makes no range of them and
/// reads the rows of each key from the first one on. In a `SELECT` for each key everything is a literal:
/// only the wanted rows are read, at any depth. It costs about 70 µs a key to read and plan the statement,
/// measured on MariaDB 10.11 and MySQL 9.7, which is a third of a query for each key.
struct SelectPerKey {
    private let clauses: Clauses

    init(_ clauses: Clauses) {
        self.clauses = clauses
    }

    private var relationship: Relationship { clauses.relationship }

    /// The greatest number of keys in a statement. A key costs 240 µs alone, 100 µs among 5, 80 among 20, 70
    /// among 50, and no less among 400.
    private static let maxKeys = 50

    /// The greatest number of filter values in a statement: each key repeats them, and the server plans with
    /// each of them again.
    private static let maxFilterValues = 1000

    /// The greatest number of bytes of filter values in a statement, which must stay far below
    /// `max_allowed_packet`.
    private static let maxFilterBytes = 1 << 20

    /// The greatest number of filter values with which a `limit` is better served so than by numbering all
    /// rows: with a list of 100 values, 200 keys of 6 rows took 1.35 s, and 6 ms by numbers.
    private static let maxValuesOfLimit = 4

    private var filterValues: [Scalar] {
        clauses.conditions().flatMap(\.condition.comparison.values)
    }

    /// Whether it is quick to plan a `SELECT` for each key although another form would do.
    var isQuicklyPlanned: Bool {
        let values = filterValues
        return values.count <= Self.maxValuesOfLimit && byteCount(of: values) <= Self.maxBytesOfLimit
    }

    /// The greatest number of bytes of filter values with which it is.
    private static let maxBytesOfLimit = 1 << 10

    private func byteCount(of values: [Scalar]) -> Int { values.reduce(0) { $0 + $1.byteCount } }

    /// The greatest number of keys that a statement should have, given another bound.
    func maxKeys(_ configured: Int) -> Int {
        let values = filterValues
        let byValues = Self.maxFilterValues / max(1, values.count)
        let byBytes = Self.maxFilterBytes / max(1, byteCount(of: values))
        return max(1, min(configured, Self.maxKeys, byValues, byBytes))
    }

    // SELECT u.o,t.`id`,t.`title` FROM (
    //     (SELECT 1 o,t.`id` p0 FROM `books` t
    //       WHERE t.`author_id`=42 AND (t.`sold`<1327 OR (t.`sold`=1327 AND t.`id`>33))
    //       ORDER BY t.`author_id`,t.`sold` DESC,t.`id` LIMIT 4) UNION ALL (SELECT 2,…)) u
    //   STRAIGHT_JOIN `books` t ON t.`id`=u.p0 ORDER BY u.o,t.`sold` DESC,t.`id`
    /// - Parameter hasLiteral: whether a key, as a literal, finds exactly its rows.
    func statement(_ keys: [Key], _ columns: [Column], hasLiteral: (Key) -> Bool) -> Statement {
        let guards = clauses.typeGuards(columns)
        let distant = guards.filter { $0.alias != "t" }
        let order = innerOrder
        var sql = SQLWriter(relationship.dialect)
        begin(&sql, keys, hasLiteral)
        sql.write("u.o,")
        for typeGuard in guards {
            if let index = distant.firstIndex(of: typeGuard) {
                sql.write("u.w\(index),")
            } else {
                sql.column(typeGuard.column.name, of: "t")
                sql.write(",")
            }
        }
        clauses.shown(columns, &sql)
        sql.write(" FROM (")
        sql.list(keys.enumerated(), separator: " UNION ALL ") { sql, item in
            let (index, key) = item
            select(key, ordinal: index + 1, asLiteral: hasLiteral(key), distant, order, &sql)
        }
        sql.write(") u STRAIGHT_JOIN ")
        sql.identifier(relationship.table)
        sql.write(" t ON ")
        clauses.samePrimaryKey(&sql, as: "u")
        sql.write(" ORDER BY u.o,")
        clauses.orderTerms(&sql, of: "t")
        return Statement(sql, attribution: .ordinal, typeGuards: guards.map(\.column.type))
    }

    private func begin(_ sql: inout SQLWriter, _ keys: [Key], _ hasLiteral: (Key) -> Bool) {
        if keys.allSatisfy(hasLiteral) { return clauses.begin(&sql, with: keys) }
        clauses.begin(&sql, with: KeyTable(columns: clauses.keyColumns, keys: keys))
    }

    // (SELECT 1 o,t.`id` p0 FROM … ORDER BY t.`author_id`,t.`sold` DESC,t.`id` LIMIT 4)
    private func select(
        _ key: Key, ordinal: Int, asLiteral: Bool, _ distant: [Clauses.TypeGuard], _ order: [OrderTerm],
        _ sql: inout SQLWriter
    ) {
        sql.write("(SELECT \(ordinal) o")
        clauses.passedOn(distant, &sql)
        clauses.sources(of: key, asLiteral: asLiteral, &sql)
        clauses.filter(&sql, after: asLiteral ? "AND" : "WHERE", rowsOf: key)
        clauses.grouping(&sql, by: nil)
        sql.write(" ORDER BY ")
        clauses.terms(order, &sql, of: "t")
        sql.limit(clauses.selection)
        sql.write(")")
    }

    /// The order within a key. MySQL reads rows in order from an index only if the matched columns lead.
    private var innerOrder: [OrderTerm] {
        relationship.indexOrder(clauses.selection) ?? clauses.selection.readOrder
    }
}
