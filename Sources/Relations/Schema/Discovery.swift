/// Finds and names the relationships that a schema's foreign keys give. The same schema gives the same names
/// at every start: foreign keys are looked at in the order of their tables' names and their columns'
/// positions, many-to-one before one-to-many before many-to-many, and a name that is in use already is
/// lengthened.
package struct Discovery {
    private let schema: Schema
    private let foreignKeys: [ForeignKey]
    private let leftOut: [Omission]
    private var found: [Relationship] = []
    /// The names, with their tables, that no further relationship can have.
    private var usedNames: Set<String>

    /// A foreign key that gives no relationship, and the reason.
    private typealias Omission = (key: ForeignKey, reason: String)

    /// The relationships that the schema's foreign keys give.
    package static func relationships(of schema: Schema) -> [Relationship] { run(schema).relationships }

    /// Finds the relationships that the schema's foreign keys give.
    /// - Returns: the relationships, and for the operator a sentence about each foreign key that gives none.
    package static func run(_ schema: Schema) -> (relationships: [Relationship], warnings: [String]) {
        var discovery = Discovery(schema)
        for key in discovery.foreignKeys { discovery.addManyToOne(key) }
        for key in discovery.foreignKeys { discovery.addOneToMany(key) }
        for table in schema.tables.values.sorted(by: { $0.name < $1.name }) { discovery.addManyToMany(table) }
        let warnings = discovery.leftOut.map { omission in
            "the foreign key of \(omission.key.childText) gives no relationship: \(omission.reason)"
        }
        return (discovery.found, warnings.sorted())
    }

    private init(_ schema: Schema) {
        self.schema = schema
        (foreignKeys, leftOut) = Self.usable(schema)
        // A row shows its columns and, nested, its relationships by their names, which must therefore differ.
        usedNames = Set(
            schema.tables.values.flatMap { table in
                table.shownColumns.map { Relationship.name(table.name, $0.name) }
            })
    }

    /// The foreign keys that give relationships, in a fixed order and each once; and those that give none.
    private static func usable(_ schema: Schema) -> ([ForeignKey], [Omission]) {
        var usable: [ForeignKey] = []
        var others: [Omission] = []
        for key in Set(schema.foreignKeys) {
            if let reason = reasonToOmit(key, in: schema) {
                others.append((key, reason))
            } else {
                usable.append(key)
            }
        }
        return (usable.sorted { rank($0, in: schema) < rank($1, in: schema) }, others)
    }

    /// The reason for which the foreign key can give no relationship; nil if it can.
    private static func reasonToOmit(_ key: ForeignKey, in schema: Schema) -> String? {
        if let other = key.otherDatabase { return "it refers to another database, '\(other)'" }
        guard let child = schema.tables[key.child]?.columns(key.childColumns),
            let parent = schema.tables[key.parent]?.columns(key.parentColumns)
        else { return "the account may not read all of its columns, or those of '\(key.parent)'" }
        for (child, parent) in zip(child, parent) {
            guard let family = KeyFamily(child.type), KeyFamily(parent.type) == family else {
                return "'\(child.name)' is \(child.declaration) and '\(parent.name)' of '\(key.parent)' is "
                    + "\(parent.declaration), which cannot be compared as a key"
            }
        }
        return nil
    }

    /// What foreign keys are sorted by: the table, the positions of its columns in five digits, and the other
    /// side.
    private static func rank(_ key: ForeignKey, in schema: Schema) -> (String, String, String) {
        let columns = schema.tables[key.child]?.columns ?? []
        let positions = key.childColumns.map { name in
            let position = columns.firstIndex { $0.name == name } ?? 0
            return String(repeating: "0", count: max(0, 5 - String(position).count)) + String(position)
        }
        return (
            key.child, positions.joined(separator: ","),
            key.parent + "," + key.parentColumns.joined(separator: ",")
        )
    }

    // books(author_id) → authors(id) gives books.author
    private mutating func addManyToOne(_ foreignKey: ForeignKey) {
        guard let (child, parent) = sides(of: foreignKey) else { return }
        let long = (foreignKey.childColumns + [foreignKey.parent]).joined(separator: "_")
        found.append(
            Relationship(
                name: claim(child.table.name, [Self.stem(foreignKey), long]),
                kind: parent.table.isUnique(foreignKey.parentColumns) ? .one : .many,
                parent: .init(child.table), key: child.columns, matchedColumns: parent.columns,
                to: parent.table, dialect: schema.dialect))
    }

    // books(author_id) → authors(id) gives authors.books
    private mutating func addOneToMany(_ foreignKey: ForeignKey) {
        guard let (child, parent) = sides(of: foreignKey) else { return }
        let siblings = foreignKeys.filter { $0.child == foreignKey.child && $0.parent == foreignKey.parent }
        let long = "\(foreignKey.child)_by_\(Self.stem(foreignKey))"
        found.append(
            Relationship(
                name: claim(parent.table.name, siblings.count > 1 ? [long] : [foreignKey.child, long]),
                kind: child.table.isUnique(foreignKey.childColumns) ? .one : .many,
                parent: .init(parent.table), key: parent.columns, matchedColumns: child.columns,
                to: child.table, dialect: schema.dialect))
    }

    // book_tags(book_id → books, tag_id → tags, PRIMARY KEY (book_id, tag_id))
    //   gives books.tags and tags.books
    private mutating func addManyToMany(_ table: Table) {
        let own = foreignKeys.filter { $0.child == table.name }
        for (index, first) in own.enumerated() {
            for second in own[(index + 1)...] where Self.formPrimaryKey(first, second, of: table) {
                addManyToMany(from: first, to: second, by: table)
                addManyToMany(from: second, to: first, by: table)
            }
        }
    }

    private static func formPrimaryKey(_ first: ForeignKey, _ second: ForeignKey, of table: Table) -> Bool {
        let columns = first.childColumns + second.childColumns
        return columns.count == table.primaryKey.count && Set(columns) == Set(table.primaryKey)
    }

    private mutating func addManyToMany(from near: ForeignKey, to far: ForeignKey, by join: Table) {
        guard let start = sides(of: near), let end = sides(of: far) else { return }
        let isSelfJoin = near.parent == far.parent
        let short = isSelfJoin ? Self.stem(far) : far.parent
        let long = "\(short)_via_\(join.name)"
        found.append(
            Relationship(
                name: claim(near.parent, isSelfJoin ? [long] : [short, long]), kind: .many,
                parent: .init(start.parent.table), key: start.parent.columns,
                matchedColumns: start.child.columns,
                through: .init(
                    [Hop(table: join.name, near: start.child.columns, far: end.child.columns)],
                    tables: [join],
                    targets: end.parent.columns, isDistinct: false),
                to: end.parent.table, dialect: schema.dialect))
    }

    private typealias Side = (table: Table, columns: [Column])

    private func sides(of key: ForeignKey) -> (child: Side, parent: Side)? {
        guard let child = schema.tables[key.child], let childColumns = child.columns(key.childColumns),
            let parent = schema.tables[key.parent], let parentColumns = parent.columns(key.parentColumns)
        else { return nil }
        return ((child, childColumns), (parent, parentColumns))
    }

    /// Takes the first of the names that no relationship of `table` has, or the last of them with a number
    /// behind it.
    private mutating func claim(_ table: String, _ candidates: [String]) -> String {
        for candidate in candidates {
            let name = Relationship.name(table, candidate)
            if usedNames.insert(name).inserted { return name }
        }
        var number = 2
        while true {
            let name = Relationship.name(table, "\(candidates.last ?? "relationship")_\(number)")
            if usedNames.insert(name).inserted { return name }
            number += 1
        }
    }

    /// What the relationship to the parent is called: `author` for `author_id`, `authorId`, `authorID` and
    /// `author_ID`; the name of the parent's table for a composite key.
    private static func stem(_ key: ForeignKey) -> String {
        guard key.childColumns.count == 1, let column = key.childColumns.first else { return key.parent }
        for suffix in ["_id", "_Id", "_ID", "Id", "ID"] where column.hasSuffix(suffix) {
            let stem = column.dropLast(suffix.count)
            return stem.isEmpty ? column : String(stem)
        }
        return column
    }
}
