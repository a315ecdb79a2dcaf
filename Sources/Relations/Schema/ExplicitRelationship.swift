/// A relationship as a configuration file states it: raw names, not yet looked up in a schema.
package struct ExplicitRelationship: Hashable, Sendable {
    /// The members of its table in the file; the raw value is the name there.
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

    /// A table on the way: `from` equals the parent's key, or the `to` of the table before; `to` leads on.
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

    /// What a column of a table on the way always is: `"comments.owner_type" = "book"`.
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

    /// `table.name`, as clients write it.
    package let name: String
    package let from: Side
    package let to: Side
    package let kind: Relationship.Kind
    /// `nil`: all columns of the related table.
    package let columns: [String]?
    /// `nil`: by the related primary key.
    package let order: [OrderTerm]?
    /// Empty: the related table has the parent's key itself.
    package let through: [Through]
    package let distinct: Bool
    package let fixed: [Fixed]
    /// Where it begins in its file, from 1.
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

    /// Where a message about a member points: the member, or the whole relationship if it was left out.
    package func line(of member: Member) -> Int {
        lines[member] ?? line
    }
}
