import MariaDB
import Relations

/// Reads a database's schema from `information_schema`, as far as the account may see it. Waits: not for the loop.
struct SchemaReader {
    private let client: BlockingClient
    private let database: String

    static func read(_ client: BlockingClient, database: String) throws(DatabaseError) -> Schema {
        let reader = SchemaReader(client: client, database: database)
        let (columns, warning) = try reader.columns()
        let indexes = try reader.indexes()
        let tables = columns.map { name, columns in
            Table(name: name, columns: columns, indexes: indexes[name] ?? [])
        }
        return Schema(
            database: database, tables: tables, foreignKeys: try reader.foreignKeys(), warning: warning)
    }

    private func rows(_ sql: String) throws(DatabaseError) -> [[String?]] {
        try client.strings(sql)
    }

    /// By table; and what the operator should know of them.
    private func columns() throws(DatabaseError) -> ([String: [Column]], warning: String?) {
        let json = try jsonColumns()
        let rows = try rows(
            """
            SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION,
              NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, COLLATION_NAME, IS_NULLABLE
            FROM information_schema.COLUMNS
            WHERE TABLE_SCHEMA = \(client.quote(database)) AND EXTRA NOT LIKE '%INVISIBLE%'
            ORDER BY TABLE_NAME, ORDINAL_POSITION
            """)
        let lookalikes = Lookalikes(among: rows.flatMap { [[$0[0] ?? ""], [$0[0] ?? "", $0[1] ?? ""]] })
        var tables: [String: [Column]] = [:]
        for row in rows {
            guard let table = row[0], let name = row[1], !lookalikes.contains(table: table, column: name)
            else { continue }
            let information = ColumnInformation(
                dataType: row[2] ?? "", columnType: row[3] ?? "", maximumLength: row[4].flatMap { Int($0) },
                precision: row[5].flatMap { Int($0) }, scale: row[6].flatMap { Int($0) },
                fraction: row[7].flatMap { Int($0) }, charset: row[8], collation: row[9],
                hasJSONCheck: json.contains([table, name]))
            tables[table, default: []].append(
                Column(
                    name: name, type: information.type,
                    declaration: information.hasJSONCheck ? "json" : information.columnType,
                    isNullable: row[10] == "YES"))
        }
        return (tables, lookalikes.warning)
    }

    /// MariaDB's `JSON` is a `LONGTEXT` with the column check ``json_valid(`column`)``.
    private func jsonColumns() throws(DatabaseError) -> Set<[String]> {
        let rows = try rows(
            """
            SELECT TABLE_NAME, CONSTRAINT_NAME FROM information_schema.CHECK_CONSTRAINTS
            WHERE CONSTRAINT_SCHEMA = \(client.quote(database)) AND LEVEL = 'Column'
              AND CHECK_CLAUSE = CONCAT('json_valid(`', REPLACE(CONSTRAINT_NAME, '`', '``'), '`)')
            """)
        return Set(rows.map { $0.compactMap { $0 } })
    }

    /// By table. An index over an expression has parts without a column, and is left out.
    private func indexes() throws(DatabaseError) -> [String: [Index]] {
        let rows = try rows(
            """
            SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, NON_UNIQUE, COLLATION, SUB_PART
            FROM information_schema.STATISTICS
            WHERE TABLE_SCHEMA = \(client.quote(database)) AND INDEX_TYPE IN ('BTREE', 'HASH')
            ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
            """)
        var found: [String: [Index]] = [:]
        for row in rows {
            guard let table = row[0], let name = row[1], let column = row[2] else { continue }
            let part = Index.Part(column, descending: row[4] == "D", isPrefix: row[5] != nil)
            var indexes = found[table] ?? []
            if let last = indexes.last, last.name == name {
                indexes[indexes.count - 1] = Index(
                    name: name, columns: last.columns + [part], isUnique: last.isUnique)
            } else {
                indexes.append(Index(name: name, columns: [part], isUnique: row[3] == "0"))
            }
            found[table] = indexes
        }
        return found
    }

    /// Foreign keys to tables of other databases are left out.
    private func foreignKeys() throws(DatabaseError) -> [ForeignKey] {
        let rows = try rows(
            """
            SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
            FROM information_schema.KEY_COLUMN_USAGE
            WHERE TABLE_SCHEMA = \(client.quote(database)) AND REFERENCED_TABLE_SCHEMA = TABLE_SCHEMA
            ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
            """)
        var columns: [[String]: [(child: String, parent: String)]] = [:]
        for row in rows.map({ $0.compactMap { $0 } }) where row.count == 5 {
            columns[[row[0], row[1], row[3]], default: []].append((row[2], row[4]))
        }
        return columns.map { constraint, pairs in
            ForeignKey(
                child: constraint[0], childColumns: pairs.map(\.child), parent: constraint[2],
                parentColumns: pairs.map(\.parent))
        }
    }
}
