package import Relations
import TOML

/// Writes a relationship as it would stand in the configuration file.
package struct RelationshipText {
    private let relationship: Relationship

    package init(_ relationship: Relationship) {
        self.relationship = relationship
    }

    // [relationships."books.tags"]
    // from = "books.id"
    // to = "tags.id"
    // through = { table = "book_tags", from = "book_id", to = "tag_id" }
    // kind = "many"
    // columns = ["id", "name"]
    // order = ["id"]
    package var toml: String {
        var lines = [
            "[relationships.\(quoted(relationship.name))]",
            "from = \(references(relationship.parent, relationship.key.map(\.name)))",
            "to = \(references(relationship.table, relationship.targets.map(\.name)))",
        ]
        if !relationship.hops.isEmpty {
            let hops = relationship.hops.map(Self.hop)
            lines.append("through = " + (hops.count == 1 ? hops[0] : "[\(hops.joined(separator: ", "))]"))
            if relationship.isDistinct { lines.append("distinct = true") }
        }
        lines.append("kind = \(quoted(relationship.kind.rawValue))")
        lines.append("columns = \(Self.list(relationship.columns.map { Self.name($0.name) }))")
        if !relationship.order.isEmpty {
            lines.append("order = \(Self.list(relationship.order.map(Self.term)))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // { table = "book_tags", from = "book_id", to = "tag_id" }
    private static func hop(_ hop: Hop) -> String {
        "{ table = \(quoted(name(hop.table))), from = \(oneOrList(hop.near.map { name($0.name) })), to = \(oneOrList(hop.far.map { name($0.name) })) }"
    }

    // "authors.id", or ["orders.year", "orders.number"]
    private func references(_ table: String, _ columns: [String]) -> String {
        Self.oneOrList(columns.map { Relationship.qualified(table) + "." + Relationship.qualified($0) })
    }

    // ["-sold", "id"]
    private static func term(_ term: OrderTerm) -> String {
        (term.descending ? "-" : "") + name(term.column)
    }

    /// The name as it is; in backticks if its first character would mean something else.
    private static func name(_ name: String) -> String {
        name.hasPrefix("-") || name.hasPrefix("`") ? SQLIdentifier.quoted(name) : name
    }

    private static func oneOrList(_ names: [String]) -> String {
        names.count == 1 ? quoted(names[0]) : list(names)
    }

    private static func list(_ names: [String]) -> String {
        "[" + names.map { quoted($0) }.joined(separator: ", ") + "]"
    }
}
