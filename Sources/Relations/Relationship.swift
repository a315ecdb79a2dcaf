/// A column to sort a parent's rows by.
package struct OrderTerm: Hashable, Sendable {
    package let column: String
    package let descending: Bool

    package init(column: String, descending: Bool = false) {
        self.column = column
        self.descending = descending
    }
}

/// The table between the two sides of a many-to-many relationship.
package struct JoinTable: Hashable, Sendable {
    package let table: String
    /// The columns that hold the far side's key, matched by `targets`.
    package let farColumns: [String]
    /// The related table's columns that `farColumns` point to.
    package let targets: [String]
    /// One row of a pair that the join table holds several times.
    package let distinct: Bool

    package init(table: String, farColumns: [String], targets: [String], distinct: Bool) {
        self.table = table
        self.farColumns = farColumns
        self.targets = targets
        self.distinct = distinct
    }
}

/// How to go from a key to the related rows: everything that a query needs to be written.
package struct Relationship: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case one
        case many
    }

    /// `authors.books`; what a client puts into `load`.
    package let name: String
    package let kind: Kind
    /// The table whose rows have relatives.
    package let parent: String
    /// The parent's side: a client's key is checked against these columns of it.
    package let key: [Column]
    /// The columns that must equal the key, in its order: of the related table, or of the join table if there is one.
    package let matches: [Column]
    package let through: JoinTable?
    /// The related table.
    package let table: String
    /// What a row shows, in this order.
    package let columns: [Column]
    /// Total where the related table has a primary key: its columns are appended.
    package let order: [OrderTerm]
    /// The related table's primary key; empty where it has none.
    package let primaryKey: [String]
    /// No key can have more than one row, so that nothing needs sorting.
    package let isAtMostOne: Bool

    package init(
        name: String, kind: Kind, parent: String, key: [Column], matches: [Column], through: JoinTable?,
        to table: Table, columns: [Column]? = nil, order: [OrderTerm] = []
    ) {
        self.name = name
        self.kind = kind
        self.parent = parent
        self.key = key
        self.matches = matches
        self.through = through
        self.table = table.name
        self.columns = columns ?? table.columns
        self.primaryKey = table.primaryKey
        self.isAtMostOne = through == nil && table.isUnique(matches.map(\.name))
        let ties = table.primaryKey.filter { column in !order.contains { $0.column == column } }
        self.order = order + ties.map { OrderTerm(column: $0) }
    }
}

extension Relationship {
    /// `authors.books`; a table name with a dot in it stands in backticks: `` `odd.table`.books ``.
    package static func name(_ table: String, _ name: String) -> String {
        "\(qualified(table)).\(name)"
    }

    package static func qualified(_ table: String) -> String {
        guard table.utf8.contains(UInt8(ascii: ".")) || table.utf8.contains(UInt8(ascii: "`")) else {
            return table
        }
        return backticked(table)
    }

    /// In backticks, those within doubled.
    package static func backticked(_ name: String) -> String {
        "`" + name.split(separator: "`", omittingEmptySubsequences: false).joined(separator: "``")
            + "`"
    }
}
