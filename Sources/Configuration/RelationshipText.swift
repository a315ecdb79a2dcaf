package import Relations

/// A relationship as the configuration file would state it.
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
        let matches = relationship.matches.map(\.name)
        var lines = [
            "[relationships.\(Self.quoted(relationship.name))]",
            "from = \(references(relationship.parent, relationship.key.map(\.name)))",
            "to = \(references(relationship.table, relationship.through?.targets ?? matches))",
        ]
        if let join = relationship.through {
            lines.append(
                "through = { table = \(Self.quoted(join.table)), from = \(Self.oneOrList(matches)), "
                    + "to = \(Self.oneOrList(join.farColumns)) }")
            if join.distinct { lines.append("distinct = true") }
        }
        lines.append("kind = \(Self.quoted(relationship.kind.rawValue))")
        lines.append("columns = \(Self.list(relationship.columns.map(\.name)))")
        if !relationship.order.isEmpty { lines.append("order = \(Self.terms(relationship.order))") }
        return lines.joined(separator: "\n") + "\n"
    }

    // "authors.id", or ["orders.year", "orders.number"]
    private func references(_ table: String, _ columns: [String]) -> String {
        Self.oneOrList(columns.map { Relationship.name(table, Relationship.qualified($0)) })
    }

    // ["-sold", "id"], or [{ column = "-odd", desc = true }] where the name itself starts with a minus
    private static func terms(_ order: [OrderTerm]) -> String {
        let terms = order.map { term in
            term.column.hasPrefix("-")
                ? "{ column = \(quoted(term.column)), desc = \(term.descending) }"
                : quoted((term.descending ? "-" : "") + term.column)
        }
        return "[" + terms.joined(separator: ", ") + "]"
    }

    private static func oneOrList(_ names: [String]) -> String {
        names.count == 1 ? quoted(names[0]) : list(names)
    }

    private static func list(_ names: [String]) -> String {
        "[" + names.map(quoted).joined(separator: ", ") + "]"
    }

    /// A TOML basic string: https://toml.io/en/v1.0.0#string
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
