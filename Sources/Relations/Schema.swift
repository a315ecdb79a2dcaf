/// One column as `information_schema.COLUMNS` tells of it.
package struct Column: Hashable, Sendable {
    package let name: String
    package let type: ColumnType
    /// The type as the server writes it: `varchar(80)`, `bigint(20) unsigned`.
    package let declaration: String
    package let isNullable: Bool

    package init(name: String, type: ColumnType, declaration: String, isNullable: Bool) {
        self.name = name
        self.type = type
        self.declaration = declaration
        self.isNullable = isNullable
    }
}

/// A base table or a view.
package struct Table: Hashable, Sendable {
    package let name: String
    /// In the table's own order, without invisible columns.
    package let columns: [Column]
    /// Column names in key order; empty where there is none.
    package let primaryKey: [String]
    /// Every unique key over whole columns, the primary key among them.
    package let uniqueKeys: [[String]]

    package init(name: String, columns: [Column], primaryKey: [String], uniqueKeys: [[String]]) {
        self.name = name
        self.columns = columns
        self.primaryKey = primaryKey
        self.uniqueKeys = uniqueKeys
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
        uniqueKeys.contains { key in key.allSatisfy(names.contains) }
    }
}

/// `FOREIGN KEY child(childColumns…) REFERENCES parent(parentColumns…)`, both in the same database.
package struct ForeignKey: Hashable, Sendable {
    package let child: String
    package let childColumns: [String]
    package let parent: String
    package let parentColumns: [String]

    package init(child: String, childColumns: [String], parent: String, parentColumns: [String]) {
        self.child = child
        self.childColumns = childColumns
        self.parent = parent
        self.parentColumns = parentColumns
    }
}

/// What kindred knows of one database: enough to name relationships and to write their SQL.
package struct Schema: Hashable, Sendable {
    package let database: String
    package let tables: [String: Table]
    package let foreignKeys: [ForeignKey]

    package init(database: String, tables: [Table], foreignKeys: [ForeignKey]) {
        self.database = database
        self.tables = Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.foreignKeys = foreignKeys
    }
}
