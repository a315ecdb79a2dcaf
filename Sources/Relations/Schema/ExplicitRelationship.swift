/// A relationship as the configuration file states it, whose names have not been looked up in a schema yet.
package struct ExplicitRelationship: Hashable, Sendable {
    /// The members of the relationship's table in the file; the raw value is the name there.
    package enum Member: String, Hashable, Sendable, CaseIterable {
        case from
        case to
        case kind
        case columns
        case order
        case through
        case distinct
        case fixed
    }

    /// One column or more of one table.
    package struct Side: Hashable, Sendable {
        package let table: String
        package let columns: [String]

        package init(table: String, columns: [String]) {
            self.table = table
            self.columns = columns
        }
    }

    /// A table between the two sides. Its `from` columns equal the parent's key, or the `to` columns of the
    /// table before; its `to` columns equal those of the next table.
    package struct Through: Hashable, Sendable {
        package let table: String
        package let from: [String]
        package let to: [String]

        package init(table: String, from: [String], to: [String]) {
            self.table = table
            self.from = from
            self.to = to
        }
    }

    /// The value that a column always has: `"comments.owner_type" = "book"`.
    package struct Fixed: Hashable, Sendable {
        package let table: String
        package let column: String
        package let value: Literal

        package init(table: String, column: String, value: Literal) {
            self.table = table
            self.column = column
            self.value = value
        }
    }

    /// The name as clients write it: `authors.books`.
    package let name: String
    package let from: Side
    package let to: Side
    package let kind: Relationship.Kind
    /// The columns that rows show; nil for all columns of the related table.
    package let columns: [String]?
    /// The columns to sort by; nil for the related table's primary key.
    package let order: [OrderTerm]?
    /// The tables between the two sides; empty if the related table itself has the parent's key.
    package let through: [Through]
    /// Whether a related row that is found in several ways is one row.
    package let distinct: Bool
    package let fixed: [Fixed]
    /// The line of the file in which the relationship begins, from 1.
    package let line: Int
    private let lines: [Member: Int]

    package init(
        name: String, from: Side, to: Side, kind: Relationship.Kind, columns: [String]? = nil,
        order: [OrderTerm]? = nil,
        through: [Through] = [], distinct: Bool = false, fixed: [Fixed] = [], line: Int,
        lines: [Member: Int] = [:]
    ) {
        self.name = name
        self.from = from
        self.to = to
        self.kind = kind
        self.columns = columns
        self.order = order
        self.through = through
        self.distinct = distinct
        self.fixed = fixed
        self.line = line
        self.lines = lines
    }

    /// The line to which a message about a member points: the member's, or the relationship's if the member
    /// is missing.
    package func line(of member: Member) -> Int {
        lines[member] ?? line
    }
}
