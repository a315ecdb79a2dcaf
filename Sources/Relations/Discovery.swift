/// Names the relationships that a schema's foreign keys give. The same schema gives the same names on every
/// start: foreign keys are taken in the order of their tables' names and their columns' positions, many-to-one
/// before one-to-many before many-to-many, and a name that is taken is lengthened.
package struct Discovery {
    private let schema: Schema
    private let foreignKeys: [ForeignKey]
    private var found: [Relationship] = []
    private var taken: Set<String>

    package static func relationships(of schema: Schema) -> [Relationship] {
        var discovery = Discovery(schema)
        for key in discovery.foreignKeys { discovery.addManyToOne(key) }
        for key in discovery.foreignKeys { discovery.addOneToMany(key) }
        for table in schema.tables.values.sorted(by: { $0.name < $1.name }) { discovery.addManyToMany(table) }
        return discovery.found
    }

    private init(_ schema: Schema) {
        self.schema = schema
        foreignKeys = Self.usable(schema)
        // A row shows its columns and, nested, its relationships under their names: both share one name space.
        taken = Set(
            schema.tables.values.flatMap { table in
                table.columns.map { Relationship.name(table.name, $0.name) }
            })
    }

    /// In a fixed order, each once, and only those whose columns can be seen and can be keys.
    private static func usable(_ schema: Schema) -> [ForeignKey] {
        let seen = Set(schema.foreignKeys).filter { key in
            guard let child = schema.tables[key.child]?.columns(key.childColumns),
                let parent = schema.tables[key.parent]?.columns(key.parentColumns)
            else { return false }
            return zip(child, parent).allSatisfy {
                KeyFamily($0.type) != nil && KeyFamily($0.type) == KeyFamily($1.type)
            }
        }
        func rank(_ key: ForeignKey) -> (String, String, String) {
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
        return seen.sorted { rank($0) < rank($1) }
    }

    // books(author_id) → authors(id) gives books.author
    private mutating func addManyToOne(_ foreignKey: ForeignKey) {
        guard let (child, parent) = sides(of: foreignKey) else { return }
        let long = (foreignKey.childColumns + [foreignKey.parent]).joined(separator: "_")
        found.append(
            Relationship(
                name: claim(child.table.name, [Self.stem(foreignKey), long]),
                kind: parent.table.isUnique(foreignKey.parentColumns) ? .one : .many,
                parent: .init(child.table), key: child.columns, matches: parent.columns, to: parent.table))
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
                parent: .init(parent.table), key: parent.columns, matches: child.columns, to: child.table))
    }

    // book_tags(book_id → books, tag_id → tags, PRIMARY KEY (book_id, tag_id)) gives books.tags and tags.books
    private mutating func addManyToMany(_ table: Table) {
        let own = foreignKeys.filter { $0.child == table.name }
        for (index, first) in own.enumerated() {
            for second in own[(index + 1)...] where Self.formPrimaryKey(first, second, of: table) {
                addRoad(from: first, to: second, by: table)
                addRoad(from: second, to: first, by: table)
            }
        }
    }

    private static func formPrimaryKey(_ first: ForeignKey, _ second: ForeignKey, of table: Table) -> Bool {
        let columns = first.childColumns + second.childColumns
        return columns.count == table.primaryKey.count && Set(columns) == Set(table.primaryKey)
    }

    private mutating func addRoad(from near: ForeignKey, to far: ForeignKey, by join: Table) {
        guard let start = sides(of: near), let end = sides(of: far) else { return }
        let isSelfJoin = near.parent == far.parent
        let short = isSelfJoin ? Self.stem(far) : far.parent
        let long = "\(short)_via_\(join.name)"
        found.append(
            Relationship(
                name: claim(near.parent, isSelfJoin ? [long] : [short, long]), kind: .many,
                parent: .init(start.parent.table), key: start.parent.columns, matches: start.child.columns,
                by: .init(
                    [Hop(table: join.name, near: near.childColumns, far: far.childColumns)], first: join,
                    targets: far.parentColumns, isDistinct: false),
                to: end.parent.table))
    }

    private typealias Side = (table: Table, columns: [Column])

    private func sides(of key: ForeignKey) -> (child: Side, parent: Side)? {
        guard let child = schema.tables[key.child], let childColumns = child.columns(key.childColumns),
            let parent = schema.tables[key.parent], let parentColumns = parent.columns(key.parentColumns)
        else { return nil }
        return ((child, childColumns), (parent, parentColumns))
    }

    /// The first of these names that is free on `table`, or the last of them with a number.
    private mutating func claim(_ table: String, _ candidates: [String]) -> String {
        for candidate in candidates {
            let name = Relationship.name(table, candidate)
            if taken.insert(name).inserted { return name }
        }
        var number = 2
        while true {
            let name = Relationship.name(table, "\(candidates.last ?? "relationship")_\(number)")
            if taken.insert(name).inserted { return name }
            number += 1
        }
    }

    /// NAME: `author` for `author_id`, `authorId` and `authorID`; the parent's table for a composite key.
    private static func stem(_ key: ForeignKey) -> String {
        guard key.childColumns.count == 1, let column = key.childColumns.first else { return key.parent }
        for suffix in ["_id", "Id", "ID"] where column.hasSuffix(suffix) && column.count > suffix.count {
            return String(column.dropLast(suffix.count))
        }
        return column
    }
}
