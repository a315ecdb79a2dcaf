/// One column as `information_schema.COLUMNS` tells of it.
package struct Column: Hashable, Sendable {
    package let name: String
    package let type: ColumnType
    /// The type as the server writes it: `varchar(80)`, `bigint(20) unsigned`.
    package let declaration: String
    package let isNullable: Bool
    /// `INVISIBLE`: left out by `SELECT *`, and like any other column for who names it.
    package let isInvisible: Bool
    /// As what it is read.
    package let form: Form

    /// As what a column is read: see `leading(to:)`.
    package enum Form: Hashable, Sendable {
        /// As it is shown.
        case shown
        /// The bytes of a text, as they are stored.
        case stored
        /// A text as it is shown, and `NULL` for one with bytes that have no character.
        case lossless
    }

    package init(
        name: String, type: ColumnType, declaration: String, isNullable: Bool, isInvisible: Bool = false,
        form: Form = .shown
    ) {
        self.form = form
        self.name = name
        self.type = type
        self.declaration = declaration
        self.isNullable = isNullable
        self.isInvisible = isInvisible
    }
}

extension Column {
    /// How a value of this column is read that is the key of other rows, in their column `match`.
    ///
    /// The server prints bytes without a character as `?`, which is another row's value. As a key for a column of the same
    /// character set, such a text is read and given back as its bytes; no column of another one equals it.
    package func leading(to match: Column) -> Column {
        guard case .text(let length, let charset, _) = type, type.mayLackCharacters else { return self }
        let isSame = match.type.charset == charset
        return Column(
            name: name, type: isSame ? .binary(length: length) : type, declaration: declaration,
            isNullable: isNullable, isInvisible: isInvisible, form: isSame ? .stored : .lossless)
    }
}

/// An index of a table, in `SHOW INDEX`'s terms.
package struct Index: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package let column: String
        package let descending: Bool
        /// Only the first characters of the column are in the index (`SUB_PART`).
        package let isPrefix: Bool

        package init(_ column: String, descending: Bool = false, isPrefix: Bool = false) {
            self.column = column
            self.descending = descending
            self.isPrefix = isPrefix
        }
    }

    package let name: String
    package let columns: [Part]
    package let isUnique: Bool
    /// `IGNORED`, or disabled by `DISABLE KEYS`: the server finds no rows by it. A unique one is unique all the same.
    package let isIgnored: Bool

    package init(name: String, columns: [Part], isUnique: Bool, isIgnored: Bool = false) {
        self.name = name
        self.columns = columns
        self.isUnique = isUnique
        self.isIgnored = isIgnored
    }
}

/// A base table or a view.
package struct Table: Hashable, Sendable {
    package let name: String
    /// In the table's own order, as far as the account may read them.
    package let columns: [Column]
    /// Column names in key order; empty where there is none, or one with a column that the account may not read.
    package let primaryKey: [String]
    package let indexes: [Index]

    package init(name: String, columns: [Column], indexes: [Index]) {
        self.name = name
        self.columns = columns
        self.indexes = indexes
        let names = Set(columns.map(\.name))
        let primary = indexes.first { index in
            index.name == "PRIMARY" && index.isUnique
                && index.columns.allSatisfy { !$0.isPrefix && names.contains($0.column) }
        }
        primaryKey = primary?.columns.map(\.column) ?? []
    }

    /// A table with these unique keys and no other index.
    package init(name: String, columns: [Column], primaryKey: [String], uniqueKeys: [[String]]) {
        let others = uniqueKeys.filter { $0 != primaryKey }.enumerated().map { ("u\($0)", $1) }
        let keys = primaryKey.isEmpty ? others : [("PRIMARY", primaryKey)] + others
        self.init(
            name: name, columns: columns,
            indexes: keys.map { Index(name: $0, columns: $1.map { .init($0) }, isUnique: true) })
    }

    /// What `SELECT *` shows; of a table that has invisible columns only, as far as the account may read it, these.
    package var shownColumns: [Column] {
        let visible = columns.filter { !$0.isInvisible }
        return visible.isEmpty ? columns : visible
    }

    package func column(_ name: String) -> Column? {
        columns.first { $0.name == name }
    }

    /// The columns of these names, or nil if one is missing.
    package func columns(_ names: [String]) -> [Column]? {
        let found = names.compactMap(column)
        return found.count == names.count ? found : nil
    }

    /// Whether rows that agree in these columns, none of them `NULL`, are at most one.
    package func isUnique(_ names: [String]) -> Bool {
        indexes.contains { index in
            index.isUnique && index.columns.allSatisfy { !$0.isPrefix && names.contains($0.column) }
        }
    }
}

/// `FOREIGN KEY child(childColumns…) REFERENCES parent(parentColumns…)`
package struct ForeignKey: Hashable, Sendable {
    package let child: String
    package let childColumns: [String]
    package let parent: String
    package let parentColumns: [String]
    /// The parent's, where it is not the child's own.
    package let otherDatabase: String?

    package init(
        child: String, childColumns: [String], parent: String, parentColumns: [String],
        otherDatabase: String? = nil
    ) {
        self.otherDatabase = otherDatabase
        self.child = child
        self.childColumns = childColumns
        self.parent = parent
        self.parentColumns = parentColumns
    }

    /// `books (author_id)`
    package var childText: String { "\(child) (\(childColumns.joined(separator: ", ")))" }
}

/// What kindred knows of one database: enough to name relationships and to write their SQL.
package struct Schema: Hashable, Sendable {
    package let database: String
    package let tables: [String: Table]
    package let foreignKeys: [ForeignKey]
    /// What of it cannot be served, for the operator: a sentence each.
    package let warnings: [String]
    /// Its server's.
    package let dialect: Dialect

    package init(
        database: String, tables: [Table], foreignKeys: [ForeignKey], warnings: [String] = [],
        dialect: Dialect
    ) {
        self.database = database
        self.dialect = dialect
        self.tables = Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.foreignKeys = foreignKeys
        self.warnings = warnings
    }
}
