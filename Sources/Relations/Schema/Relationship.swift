/// A column to sort the rows of a key by.
package struct OrderTerm: Hashable, Sendable {
    package let column: String
    package let descending: Bool

    package init(column: String, descending: Bool = false) {
        self.column = column
        self.descending = descending
    }
}

/// A table between the two sides of a relationship. Its rows are those whose `near` columns equal what came
/// before, which is the key or the `far` columns of the hop before; their `far` columns lead on to the next
/// table.
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

/// A condition that is part of every query of a relationship: `comments.owner_type = 'book'`.
package struct FixedCondition: Hashable, Sendable {
    /// The index of the hop whose table has the column, from 0; nil for the related table.
    package let hop: Int?
    package let condition: Condition

    package init(hop: Int?, condition: Condition) {
        self.hop = hop
        self.condition = condition
    }
}

/// How to get from a key to the related rows: everything that is needed to write a query. It is immutable,
/// and an object because every request passes it around.
package final class Relationship: Sendable {
    /// Whether a key has one related row at most, which is shown as an object, or a list of them.
    package enum Kind: String, Hashable, Sendable {
        case one
        case many
    }

    /// The name that a client gives in `load`: `authors.books`.
    package let name: String
    package let kind: Kind
    /// The table whose rows have related rows.
    package let parent: String
    /// The primary key of the parent's table; empty if it has none.
    package let parentKey: [Column]
    /// The columns of the parent against which a client's key is checked.
    package let key: [Column]
    /// The columns that must equal the key, in the key's order. They are the first hop's, or the related
    /// table's if there are no hops.
    package let matchedColumns: [Column]
    /// The tables between the parent and the related table, in order.
    package let hops: [Hop]
    /// The columns of the related table that must equal the `far` columns of the last hop; without hops the
    /// matched ones.
    package let targets: [Column]
    /// Whether a related row that is found in several ways is one row.
    package let isDistinct: Bool
    /// The conditions that every query has.
    package let fixed: [FixedCondition]
    /// The related table.
    package let table: String
    /// The columns that a row shows, in this order.
    package let columns: [Column]
    /// The columns to sort by. Those of the related table's primary key are appended, so that the order is
    /// total if there is one.
    package let order: [OrderTerm]
    /// The primary key of the related table; empty if it has none.
    package let primaryKey: [Column]
    /// The indexes of the table with the matched columns.
    package let indexes: [Index]
    /// Whether no key can have more than one row, so that nothing needs sorting.
    package let isAtMostOne: Bool
    /// Whether the joins may find a related row several times for one key.
    package let mayRepeatRows: Bool
    /// How its queries are written.
    package let dialect: Dialect

    /// - Parameters:
    ///   - path: the tables between the two sides; nil if the related table has the matched columns itself.
    ///   - columns: the columns that a row shows; nil for all of the related table.
    ///   - order: the columns to sort by, before those of the primary key.
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
        self.mayRepeatRows = path?.mayRepeatRows(matched: matchedColumns, fixed: fixed) ?? false
        self.order = Self.totalOrder(order, table.primaryKey)
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
        // A parent's row has one key.
        mayRepeatRows = other.mayRepeatRows
        dialect = other.dialect
    }

    /// The relationship that finds the same rows by the parent's primary key, by way of the parent's own row;
    /// nil if the parent has no primary key.
    package var viaParent: Relationship? {
        guard !parentKey.isEmpty else { return nil }
        return key == parentKey ? self : Relationship(viaParentOf: self)
    }

    /// Returns `order` with the columns of the related table's primary key that it lacks, so that ties are
    /// broken.
    package func totalOrder(_ order: [OrderTerm]) -> [OrderTerm] {
        Self.totalOrder(order, primaryKey.map(\.name))
    }

    private static func totalOrder(_ order: [OrderTerm], _ primaryKey: [String]) -> [OrderTerm] {
        let ties = primaryKey.filter { column in !order.contains { $0.column == column } }
        return order + ties.map { OrderTerm(column: $0) }
    }
}

extension Relationship {
    /// The table whose rows have related rows.
    package struct Parent {
        package let table: String
        /// The primary key; empty if there is none.
        package let key: [Column]

        package init(_ table: Table) {
            self.table = table.name
            key = table.columns(table.primaryKey) ?? []
        }
    }

    /// The tables between the two sides, and how they are joined.
    package struct JoinPath {
        let hops: [Hop]
        let targets: [Column]
        let isDistinct: Bool
        private let tables: [Table]

        /// - Parameters:
        ///   - tables: the tables of the hops.
        ///   - targets: the columns of the related table that the last hop leads to.
        ///   - isDistinct: whether a related row that is found in several ways is one row.
        package init(_ hops: [Hop], tables: [Table], targets: [Column], isDistinct: Bool) {
            self.hops = hops
            self.tables = tables
            self.targets = targets
            self.isDistinct = isDistinct
        }

        /// The indexes of the first hop's table.
        var indexes: [Index] { tables.first?.indexes ?? [] }

        /// Whether a related row may be found several times for one key. It is not if each hop, the last one
        /// first, has at most one row for what is known of it: the columns that lead on to a row that is
        /// known, those that are fixed, and of the first hop the key.
        func mayRepeatRows(matched: [Column], fixed: [FixedCondition]) -> Bool {
            if isDistinct { return false }
            let next = hops.dropFirst().map(\.near) + [targets]
            return zip(hops, tables).enumerated().contains { index, hop in
                let equal = fixed.filter { $0.hop == index }.map(\.condition.column)
                let known = hop.0.far + equal + (index == 0 ? matched : [])
                // One value may equal several others under another collation.
                let isExact = zip(hop.0.far, next[index]).allSatisfy {
                    KeyFamily($0.type) == KeyFamily($1.type) && $0.type.collation == $1.type.collation
                }
                return !isExact || !hop.1.isUnique(known.map(\.name))
            }
        }
    }
}

extension Relationship {
    /// The name of a relationship: `authors.books`. A part with a dot or a backtick in it stands in
    /// backticks: `` `odd.table`.books ``, `` books.`odd.table` ``.
    package static func name(_ table: String, _ name: String) -> String {
        "\(qualified(table)).\(qualified(name))"
    }

    /// The first part of the names of a table's relationships: `authors`, or `` `odd.table` ``.
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
