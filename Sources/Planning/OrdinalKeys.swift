import Relations

/// Queries in which the keys stand in a table, and each row comes back with the ordinal of its key.
struct OrdinalKeys {
    private let clauses: Clauses

    init(_ clauses: Clauses) {
        self.clauses = clauses
    }

    // SELECT k.o,t.`id` FROM JSON_TABLE('["bob","zoë"]','$[*]' COLUMNS (o FOR ORDINALITY,
    //   k0 VARCHAR(3) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PATH '$')) k
    //   STRAIGHT_JOIN `pets` t ON t.`owner`=k.k0 ORDER BY k.o,t.`id`
    func statement(_ keys: [Key], _ columns: [Column]) -> Statement {
        let guards = clauses.typeGuards(columns)
        let table = KeyTable(columns: clauses.keyColumns, keys: keys)
        var sql = SQLWriter(clauses.relationship.dialect)
        clauses.begin(&sql, with: table)
        sql.write("k.o,")
        clauses.selected(&sql, guards, columns)
        sql.write(" FROM ")
        clauses.keyedSources(table, &sql)
        clauses.filter(&sql, after: "WHERE")
        clauses.grouping(&sql) { $0.write("k.o") }
        clauses.order(&sql) { $0.write("k.o") }
        return Statement(sql, attribution: .ordinal, typeGuards: guards.map(\.column.type))
    }
}
