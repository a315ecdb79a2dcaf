/// A column to sort a parent's rows by.
package struct OrderTerm: Hashable, Sendable {
    package let column: String
    package let descending: Bool

    package init(column: String, descending: Bool = false) {
        self.column = column
        self.descending = descending
    }
}

/// A table between the two sides. Its rows whose `near` columns equal what came before, the key or the last hop's
/// `far` columns, lead on by their `far` columns.
package struct Hop: Hashable, Sendable {
    package let table: String
    package let near: [Column]
    package let far: [Column]

    package init(table: String, near: [Column], far: [Column]) {
        self.table = table
        self.near = near
        self.far = far
    }
}

/// A condition that every query of a relationship has: `comments.owner_type = 'book'`.
package struct FixedCondition: Hashable, Sendable {
    /// Which of the hops has the column, from 0; nil for the related table.
    package let hop: Int?
    package let condition: Condition

    package init(hop: Int?, condition: Condition) {
        self.hop = hop
        self.condition = condition
    }
}

/// How to go from a key to the related rows: everything that a query needs to be written. Immutable; an object, because
/// every request passes it around.
package final class Relationship: Sendable {
    package enum Kind: String, Hashable, Sendable {
        case one
        case many
    }

    /// `authors.books`; what a client puts into `load`.
    package let name: String
    package let kind: Kind
    /// The table whose rows have relatives.
    package let parent: String
    /// The parent's primary key; empty where it has none.
    package let parentKey: [Column]
    /// The parent's side: a client's key is checked against these columns of it.
    package let key: [Column]
    /// The columns that must equal the key, in its order: of the first hop, or of the related table if there is none.
    package let matchedColumns: [Column]
    /// The tables on the way to the related one, in order.
    package let hops: [Hop]
    /// The related table's columns that the last hop leads to; without hops the matched ones.
    package let targets: [Column]
    /// A related row that several ways lead to is one row.
    package let isDistinct: Bool
    package let fixed: [FixedCondition]
    /// The related table.
    package let table: String
    /// What a row shows, in this order.
    package let columns: [Column]
    /// Total where the related table has a primary key: its columns are appended.
    package let order: [OrderTerm]
    /// The related table's primary key; empty where it has none.
    package let primaryKey: [Column]
    /// The indexes of the table that has the matched columns.
    package let indexes: [Index]
    /// No key can have more than one row, so that nothing needs sorting.
    package let isAtMostOne: Bool
    /// How its queries are written.
    package let dialect: Dialect

    /// - Parameter way: the hops with the table of the first and the related table's columns that the last leads to.
    package init(
        name: String, kind: Kind, parent: Parent, key: [Column], matchedColumns: [Column],
        through path: JoinPath? = nil,
        fixed: [FixedCondition] = [], to table: Table, columns: [Column]? = nil, order: [OrderTerm] = [],
        dialect: Dialect
    ) {
        self.name = name
        self.kind = kind
        self.parent = parent.table
        self.parentKey = parent.key
        self.key = key
        self.matchedColumns = matchedColumns
        self.hops = path?.hops ?? []
        self.targets = path?.targets ?? matchedColumns
        self.isDistinct = path?.isDistinct ?? false
        self.fixed = fixed
        self.table = table.name
        self.columns = columns ?? table.shownColumns
        self.primaryKey = table.columns(table.primaryKey) ?? []
        self.indexes = path?.indexes ?? table.indexes
        self.isAtMostOne = path == nil && table.isUnique(matchedColumns.map(\.name))
        self.order = Self.total(order, table.primaryKey)
        self.dialect = dialect
    }

    private init(viaParentOf other: Relationship) {
        let first = Hop(table: other.parent, near: other.parentKey, far: other.key)
        name = other.name
        kind = other.kind
        parent = other.parent
        parentKey = other.parentKey
        key = other.parentKey
        matchedColumns = other.parentKey
        hops = [first] + other.hops
        targets = other.targets
        isDistinct = other.isDistinct
        fixed = other.fixed.map { FixedCondition(hop: $0.hop.map { $0 + 1 }, condition: $0.condition) }
        table = other.table
        columns = other.columns
        order = other.order
        primaryKey = other.primaryKey
        indexes = [Index(name: "PRIMARY", columns: other.parentKey.map { .init($0.name) }, isUnique: true)]
        isAtMostOne = other.isAtMostOne
        dialect = other.dialect
    }

    /// The same relatives, found from the parent's primary key: by way of the parent's own row. Nil where the parent
    /// has no primary key.
    package var viaParent: Relationship? {
        guard !parentKey.isEmpty else { return nil }
        return key == parentKey ? self : Relationship(viaParentOf: self)
    }

    /// `order` with the columns of the related primary key that it does not have, so that ties are broken.
    package func total(_ order: [OrderTerm]) -> [OrderTerm] {
        Self.total(order, primaryKey.map(\.name))
    }

    private static func total(_ order: [OrderTerm], _ primaryKey: [String]) -> [OrderTerm] {
        let ties = primaryKey.filter { column in !order.contains { $0.column == column } }
        return order + ties.map { OrderTerm(column: $0) }
    }
}

extension Relationship {
    /// The table whose rows have relatives.
    package struct Parent {
        package let table: String
        package let key: [Column]

        package init(_ table: Table) {
            self.table = table.name
            key = table.columns(table.primaryKey) ?? []
        }
    }

    /// The tables between the two sides.
    package struct JoinPath {
        let hops: [Hop]
        let targets: [Column]
        let isDistinct: Bool
        let indexes: [Index]

        /// - Parameter first: the table of the first hop.
        package init(_ hops: [Hop], first: Table, targets: [Column], isDistinct: Bool) {
            self.hops = hops
            self.targets = targets
            self.isDistinct = isDistinct
            indexes = first.indexes
        }
    }
}

extension Relationship {
    /// `authors.books`; what has a dot in it stands in backticks: `` `odd.table`.books ``, `` books.`odd.table` ``.
    package static func name(_ table: String, _ name: String) -> String {
        "\(qualified(table)).\(qualified(name))"
    }

    package static func qualified(_ table: String) -> String {
        guard table.utf8.contains(UInt8(ascii: ".")) || table.utf8.contains(UInt8(ascii: "`")) else {
            return table
        }
        return SQLIdentifier.quoted(table)
    }
}

extension Relationship: Hashable {
    package static func == (left: Relationship, right: Relationship) -> Bool {
        if left === right { return true }
        return left.name == right.name && left.kind == right.kind
            && left.parent == right.parent && left.parentKey == right.parentKey
            && left.key == right.key && left.matchedColumns == right.matchedColumns
            && left.hops == right.hops && left.targets == right.targets
            && left.isDistinct == right.isDistinct && left.fixed == right.fixed
            && left.table == right.table && left.columns == right.columns
            && left.order == right.order && left.primaryKey == right.primaryKey
            && left.indexes == right.indexes && left.isAtMostOne == right.isAtMostOne
            && left.dialect == right.dialect
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
