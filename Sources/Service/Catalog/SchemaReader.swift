import Configuration
import MariaDB
import Relations

/// Reads a database's schema from `information_schema`, as far as the account may see it. It waits, and so is
/// not for the loop's thread.
///
/// Names are compared here, byte by byte, and not in SQL: `information_schema` compares them without regard
/// to case and accents, under which `shop`, `Shop` and `shóp` are one database.
struct SchemaReader {
    private let client: BlockingClient
    /// What the server says that it is, and with that what else its schema has.
    private let dialect: Dialect
    /// The database's name as the server writes it.
    private let database: String
    private let isFoldingCase: Bool
    /// Tables and views that the configuration names: views have no foreign keys, and others lead to none.
    private let configured: Set<String>

    static func read(_ client: BlockingClient, _ settings: Settings) throws(DatabaseError) -> Schema {
        try SchemaReader(client, settings).schema()
    }

    /// `lower_case_table_names` other than 0: the server takes `Shop` and `shop` for one database, which may
    /// stand there in either form. https://mariadb.com/kb/en/identifier-case-sensitivity/
    private init(_ client: BlockingClient, _ settings: Settings) throws(DatabaseError) {
        self.client = client
        dialect = client.dialect
        let database = settings.database.name
        configured = Set(settings.relationships.flatMap { [$0.from.table, $0.to.table] })
        isFoldingCase = try client.strings("SELECT @@lower_case_table_names").first?.first != "0"
        self.database = isFoldingCase ? database.lowercased() : database
    }

    private func schema() throws(DatabaseError) -> Schema {
        let (columns, warnings) = try columns()
        let indexes = try indexes()
        let tables = columns.map { name, columns in
            Table(name: name, columns: columns, indexes: indexes[name] ?? [])
        }
        return Schema(
            database: database, tables: tables, foreignKeys: try foreignKeys(), warnings: warnings,
            dialect: dialect, serverID: try serverID())
    }

    /// What tells the server from others.
    private func serverID() throws(DatabaseError) -> String? {
        try client.strings(dialect.serverIDQuery).first?[0]
    }

    /// The rows of a query whose first column is the database, without that column; none if there is no
    /// query.
    private func rows(_ sql: String?) throws(DatabaseError) -> [[String?]] {
        guard let sql else { return [] }
        return try client.strings(sql).filter { $0[0].map(isOwn) ?? false }.map { Array($0.dropFirst()) }
    }

    private func isOwn(_ name: String) -> Bool {
        let name = isFoldingCase ? name.lowercased() : name
        return name.utf8.elementsEqual(database.utf8)
    }

    // MARK: Columns

    /// The columns by table, and what the operator should know of them.
    private func columns() throws(DatabaseError) -> ([String: [Column]], warnings: [String]) {
        let checks = dialect.jsonChecks(of: client.quote(database))
        let json = try JSONColumns(rows: rows(checks))
        let rows = try rows(
            """
            SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH,
              NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, COLLATION_NAME,
              IS_NULLABLE, EXTRA
            FROM information_schema.COLUMNS
            WHERE TABLE_SCHEMA = \(client.quote(database)) AND FIND_IN_SET('select', PRIVILEGES)
            ORDER BY TABLE_NAME, ORDINAL_POSITION
            """
        )
        let views = checks == nil ? [] : try configuredViews()
        let seenThroughViews = try JSONColumns(of: views, client, database: database)
        let ambiguous = AmbiguousNames(among: rows.flatMap { [[$0[0] ?? ""], [$0[0] ?? "", $0[1] ?? ""]] })
        var tables: [String: [Column]] = [:]
        for row in rows {
            guard let table = row[0], let name = row[1], !ambiguous.contains(table: table, column: name)
            else { continue }
            let isJSON =
                json.contains(table: table, column: name)
                || seenThroughViews.contains(table: table, column: name)
            tables[table, default: []].append(Self.column(name, row, isJSON: isJSON))
        }
        return (tables, [ambiguous.warning].compactMap { $0 })
    }

    private static func column(_ name: String, _ row: [String?], isJSON: Bool) -> Column {
        let information = ColumnInformation(
            dataType: row[2] ?? "", columnType: row[3] ?? "", maximumLength: row[4].flatMap { Int($0) },
            precision: row[5].flatMap { Int($0) }, scale: row[6].flatMap { Int($0) },
            fraction: row[7].flatMap { Int($0) }, charset: row[8], collation: row[9], hasJSONCheck: isJSON)
        return Column(
            name: name, type: information.type, declaration: isJSON ? "json" : information.columnType,
            isNullable: row[10] == "YES", isInvisible: row[11]?.contains("INVISIBLE") ?? false)
    }

    private func configuredViews() throws(DatabaseError) -> [String] {
        try rows(
            """
            SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
            WHERE TABLE_SCHEMA = \(client.quote(database)) AND TABLE_TYPE = 'VIEW'
            """
        ).compactMap { $0[0] }.filter(configured.contains)
    }

    // MARK: Indexes

    /// The indexes by table. An index over an expression has a part without a column, and is left out: what
    /// its other parts say of rows is not true without that one.
    ///
    /// The server adds the column `ROW END` to every unique key of a system-versioned table. All rows that
    /// are current have the same value there, so that it is no part of what makes one unique.
    /// https://mariadb.com/kb/en/system-versioned-tables/
    private func indexes() throws(DatabaseError) -> [String: [Index]] {
        let ends = try rowEnds()
        let rows = try rows(
            """
            SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, NON_UNIQUE, COLLATION, SUB_PART,
              \(dialect.ignoredIndexCondition)
            FROM information_schema.STATISTICS
            WHERE TABLE_SCHEMA = \(client.quote(database)) AND INDEX_TYPE IN ('BTREE', 'HASH')
            ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
            """
        )
        var found: [String: [Index]] = [:]
        var overExpressions: Set<[String]> = []
        for row in rows {
            guard let table = row[0], let name = row[1] else { continue }
            guard let column = row[2] else {
                overExpressions.insert([table, name])
                continue
            }
            let isUnique = row[3] == "0"
            if isUnique, let end = ends[table], end == column { continue }
            let part = Index.Part(column, descending: row[4] == "D", isPrefix: row[5] != nil)
            var indexes = found[table] ?? []
            let columns = indexes.last?.name == name ? indexes.removeLast().columns + [part] : [part]
            indexes.append(Index(name: name, columns: columns, isUnique: isUnique, isIgnored: row[6] == "1"))
            found[table] = indexes
        }
        for index in overExpressions { found[index[0]]?.removeAll { $0.name == index[1] } }
        return found
    }

    /// By table, the column that says until when a row is current; see `Dialect.rowEnds`.
    private func rowEnds() throws(DatabaseError) -> [String: String] {
        let rows = try rows(dialect.rowEnds(of: client.quote(database)))
        return Dictionary(
            rows.compactMap { row in
                guard let table = row[0], let column = row[1] else {
                    return nil
                }
                return (table, column)
            }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Foreign keys

    private func foreignKeys() throws(DatabaseError) -> [ForeignKey] {
        let rows = try rows(
            """
            SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA,
              REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
            FROM information_schema.KEY_COLUMN_USAGE
            WHERE TABLE_SCHEMA = \(client.quote(database)) AND REFERENCED_TABLE_SCHEMA IS NOT NULL
            ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
            """)
        var columns: [[String]: [(child: String, parent: String)]] = [:]
        for row in rows.map({ $0.compactMap { $0 } }) where row.count == 6 {
            columns[[row[0], row[1], row[3], row[4]], default: []].append((row[2], row[5]))
        }
        return columns.map { constraint, pairs in
            ForeignKey(
                child: constraint[0], childColumns: pairs.map(\.child), parent: constraint[3],
                parentColumns: pairs.map(\.parent),
                otherDatabase: isOwn(constraint[2]) ? nil : constraint[2])
        }
    }
}

/// Names that Unicode takes for one and the server for two, as `é` written with one character and with two
/// (https://unicode.org/reports/tr15/). A request could not say which is meant.
private struct AmbiguousNames {
    private let names: Set<[String]>

    /// - Parameter names: of tables, `["books"]`, and of columns, `["books", "id"]`; any number of times
    ///   each.
    init(among names: [[String]]) {
        var spellings: [[String]: [[UInt8]]] = [:]
        var found: Set<[String]> = []
        for name in names {
            let spelling = name.map { Array($0.utf8) }
            if spellings.updateValue(spelling, forKey: name).map({ $0 != spelling }) == true {
                found.insert(name)
            }
        }
        self.names = found
    }

    func contains(table: String, column: String) -> Bool {
        names.contains([table]) || names.contains([table, column])
    }

    /// `left out, because several are one name in different Unicode normalizations: 'books.é'`; nil if there
    /// are none.
    var warning: String? {
        guard !names.isEmpty else { return nil }
        let list = names.map { "'\($0.joined(separator: "."))'" }.sorted().joined(separator: ", ")
        return "left out, because several are one name in different Unicode normalizations: \(list)"
    }
}
