package import MariaDB

/// A name as an SQL identifier.
package func identifier(_ name: String) -> String {
    "`" + name.replacing("`", with: "``") + "`"
}

/// A column as `describe` shows it.
package struct ShownColumn: Sendable {
    package let name: String
    package let declaration: String
    package let shape: ColumnShape

    init(_ description: JSONValue) {
        name = description["column"]?.text ?? ""
        declaration = description["type"]?.text ?? ""
        shape = ColumnShape(declaration: declaration)
    }
}

/// A relationship as `describe` shows it, with the tables and columns of the foreign keys that it must come
/// from.
package struct DescribedRelationship: Sendable {
    package let name: String
    package let isToOne: Bool
    package let key: [ShownColumn]
    package let columns: [ShownColumn]
    /// The parent's primary key.
    package let primaryKey: [ShownColumn]
    /// `ORDER BY` terms; empty where the related table has no order.
    package let order: [String]
    package let parent: String
    /// The `FROM` clause, in which the related table is `r`.
    package let from: String

    /// The columns of `from` that equal the key.
    package let matches: [String]

    private init(_ description: JSONValue, _ link: Link) {
        name = description["name"]?.text ?? ""
        isToOne = description["kind"]?.text == "one"
        key = (description["key"]?.elements ?? []).map(ShownColumn.init)
        columns = (description["columns"]?.elements ?? []).map(ShownColumn.init)
        primaryKey = (description["parent"]?.elements ?? []).map(ShownColumn.init)
        order = (description["order"]?.elements ?? []).map(Self.orderTerm)
        parent = link.parent
        from = link.from
        matches = link.matches
    }

    private static func orderTerm(_ term: JSONValue) -> String {
        if let column = term["column"]?.text {
            return "r." + identifier(column) + (term["desc"] == .bool(true) ? " DESC" : "")
        }
        let text = term.text ?? ""
        return text.hasPrefix("-")
            ? "r.\(identifier(String(text.dropFirst()))) DESC" : "r.\(identifier(text))"
    }

    /// One or two foreign keys for which there must be a relationship.
    private struct Link {
        let parent: String
        let key: [String]
        let related: String
        /// `child AS r`, or the join with the table in between.
        let from: String
        let matches: [String]
        let through: [String]
        /// Part of the relationship's name, by which links between the same tables and columns differ.
        let stem: String

        /// Returns whether a description may be of this link.
        func fits(_ description: JSONValue) -> Bool {
            let qualified = parent.contains(".") || parent.contains("`") ? identifier(parent) : parent
            return description["name"]?.text?.hasPrefix(qualified + ".") == true
                && description["table"]?.text == related
                && description["key"]?.elements.compactMap { $0["column"]?.text } == key
                && description["through"]?.elements.compactMap(\.text) == through
        }
    }

    private struct ForeignKey {
        let child: String
        let parent: String
        var pairs: [(child: String, parent: String)]

        var childColumns: [String] { pairs.map(\.child) }
        var parentColumns: [String] { pairs.map(\.parent) }

        /// `author` for `author_id`; the parent's table for a composite key.
        var stem: String {
            guard pairs.count == 1 else { return parent }
            return pairs[0].child.replacing(/(.)(_id|Id|ID)$/) { $0.output.1 }
        }
    }

    /// Returns every described relationship, and complaints about foreign keys without a relationship and
    /// relationships without a foreign key.
    package static func all(
        _ descriptions: [JSONValue], _ client: BlockingClient
    ) throws -> (relationships: [DescribedRelationship], complaints: [String]) {
        var left = descriptions
        var relationships: [DescribedRelationship] = []
        var complaints: [String] = []
        // Links with several candidates are assigned last, among the descriptions that are left.
        let links = try links(client).map { link in (link, descriptions.filter { link.fits($0) }.count)
        }
        for (link, _) in links.sorted(by: { $0.1 < $1.1 }) {
            let candidates = left.indices.filter { link.fits(left[$0]) }
            let chosen =
                candidates.first { left[$0]["name"]?.text?.contains(link.stem) == true } ?? candidates.first
            guard let chosen else {
                complaints.append(
                    "\(link.parent) -> \(link.related) by \(link.key) \(link.stem) has no relationship")
                continue
            }
            relationships.append(DescribedRelationship(left.remove(at: chosen), link))
        }
        return (relationships, complaints + left.map { "no foreign key explains \($0)" })
    }

    private static func links(_ client: BlockingClient) throws -> [Link] {
        let foreignKeys = try foreignKeys(client)
        let direct = foreignKeys.flatMap { key in
            [
                Link(
                    parent: key.child, key: key.childColumns, related: key.parent,
                    from: "\(identifier(key.parent)) AS r",
                    matches: key.parentColumns.map { "r.\(identifier($0))" },
                    through: [], stem: key.stem),
                Link(
                    parent: key.parent, key: key.parentColumns, related: key.child,
                    from: "\(identifier(key.child)) AS r",
                    matches: key.childColumns.map { "r.\(identifier($0))" },
                    through: [], stem: key.stem),
            ]
        }
        let primaryKeys = try primaryKeys(client)
        let joined = foreignKeys.flatMap { near in
            foreignKeys.compactMap { far -> Link? in
                guard near.child == far.child, near.childColumns != far.childColumns,
                    (near.childColumns + far.childColumns).sorted() == primaryKeys[near.child]?.sorted()
                else { return nil }
                let condition = far.pairs.map { "r.\(identifier($0.parent)) = j.\(identifier($0.child))" }
                return Link(
                    parent: near.parent, key: near.parentColumns, related: far.parent,
                    from: "\(identifier(near.child)) AS j JOIN \(identifier(far.parent)) AS r ON "
                        + condition.joined(separator: " AND "),
                    matches: near.childColumns.map { "j.\(identifier($0))" }, through: [near.child],
                    stem: far.stem)
            }
        }
        return direct + joined
    }

    private static func foreignKeys(_ client: BlockingClient) throws -> [ForeignKey] {
        let rows = try client.strings(
            """
            SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
            FROM information_schema.KEY_COLUMN_USAGE
            WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE()
            ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
            """
        ).map { $0.compactMap { $0 } }
        var found: [[String]: ForeignKey] = [:]
        for row in rows {
            found[[row[0], row[1]], default: ForeignKey(child: row[0], parent: row[3], pairs: [])]
                .pairs.append((row[2], row[4]))
        }
        return found.sorted { $0.key.joined() < $1.key.joined() }.map(\.value)
    }

    private static func primaryKeys(_ client: BlockingClient) throws -> [String: [String]] {
        let rows = try client.strings(
            """
            SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS
            WHERE TABLE_SCHEMA = DATABASE() AND INDEX_NAME = 'PRIMARY'
            """
        ).map { $0.compactMap { $0 } }
        return Dictionary(grouping: rows) { $0[0] }.mapValues { $0.map { $0[1] } }
    }
}
