/// A column, as `information_schema.COLUMNS` describes it.
package struct Column: Hashable, Sendable {
    package let name: String
    package let type: ColumnType
    /// The type as the server writes it: `varchar(80)`, `bigint(20) unsigned`.
    package let declaration: String
    package let isNullable: Bool
    /// Whether the column is `INVISIBLE`: `SELECT *` leaves it out, but it can be named like any other.
    package let isInvisible: Bool
    /// In which form the column is read.
    package let form: Form

    /// In which form a column is read; ``leading(to:)`` says why.
    package enum Form: Hashable, Sendable {
        /// The value as rows show it.
        case shown
        /// The bytes of a text, as they are stored.
        case stored
        /// A text as rows show it; `NULL` for a text with bytes that have no character.
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
    /// The column as it is read for values that are keys of other rows, in their column `match`.
    ///
    /// The server prints bytes that have no character as `?`, which may be the value of another row. As the
    /// key for a column of the same character set, such a text is therefore read, and given back, as its
    /// bytes; no value of a column of another character set equals it.
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
    /// A column of an index.
    package struct Part: Hashable, Sendable {
        package let column: String
        package let descending: Bool
        /// Whether the index holds only the first characters of the column (`SUB_PART`).
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
    /// Whether the index is `IGNORED` (on a MySQL `INVISIBLE`), or disabled by `DISABLE KEYS`, so that the
    /// server finds no rows by it.
    /// A unique index keeps its values unique all the same.
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
    /// The columns that the account may read, in the table's own order.
    package let columns: [Column]
    /// The names of the primary key's columns, in its order; empty if there is none, or if the account may
    /// not read all of its columns.
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

    /// Makes a table that has these unique keys and no other index.
    package init(name: String, columns: [Column], primaryKey: [String], uniqueKeys: [[String]]) {
        let others = uniqueKeys.filter { $0 != primaryKey }.enumerated().map { ("u\($0)", $1) }
        let keys = primaryKey.isEmpty ? others : [("PRIMARY", primaryKey)] + others
        self.init(
            name: name, columns: columns,
            indexes: keys.map { Index(name: $0, columns: $1.map { .init($0) }, isUnique: true) })
    }

    /// The columns that `SELECT *` shows; if the account may read only invisible ones, these.
    package var shownColumns: [Column] {
        let visible = columns.filter { !$0.isInvisible }
        return visible.isEmpty ? columns : visible
    }

    /// The column of that name; nil if there is none.
    package func column(_ name: String) -> Column? {
        columns.first { $0.name == name }
    }

    /// The columns of these names; nil if one is missing.
    package func columns(_ names: [String]) -> [Column]? {
        let found = names.compactMap(column)
        return found.count == names.count ? found : nil
    }

    /// Whether at most one row has given values, none of them `NULL`, in these columns.
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
    /// The database of the parent's table if it is not the child's; nil otherwise.
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

    /// The child's side for a message: `books (author_id)`.
    package var childText: String { "\(child) (\(childColumns.joined(separator: ", ")))" }
}

/// What kindred knows about one database: enough to name relationships and to write their SQL.
package struct Schema: Hashable, Sendable {
    package let database: String
    /// The tables and views by name.
    package let tables: [String: Table]
    package let foreignKeys: [ForeignKey]
    /// For the operator, a sentence about each part of the database that cannot be served.
    package let warnings: [String]
    /// Its server's.
    package let dialect: Dialect
    /// The server's own name for itself, which no other has; nil if it has none.
    package let serverID: String?

    package init(
        database: String, tables: [Table], foreignKeys: [ForeignKey], warnings: [String] = [],
        dialect: Dialect, serverID: String? = nil
    ) {
        self.database = database
        self.dialect = dialect
        self.serverID = serverID
        self.tables = Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.foreignKeys = foreignKeys
        self.warnings = warnings
    }
}
