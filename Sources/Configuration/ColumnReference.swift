/// Names of tables and columns as a configuration file writes them: as they are, or in backticks, which are
/// doubled within (`` `odd.table`.id ``).
enum ColumnReference {
    /// Reads one name, in which a dot is an ordinary character; nil if it is empty or its backticks do not
    /// match.
    static func name(_ text: String) -> String? {
        guard text.hasPrefix("`") else { return text.isEmpty ? nil : text }
        var rest = text[...]
        let name = readName(&rest)
        return rest.isEmpty ? name : nil
    }

    /// Reads `table.column`; nil if the text is not of this form.
    static func pair(_ text: String) -> (table: String, column: String)? {
        var rest = text[...]
        guard let table = readName(&rest), rest.popFirst() == ".", let column = readName(&rest), rest.isEmpty
        else {
            return nil
        }
        return (table, column)
    }

    private static func readName(_ rest: inout Substring) -> String? {
        guard rest.first == "`" else {
            let name = rest.prefix { $0 != "." && $0 != "`" }
            rest = rest.dropFirst(name.count)
            return name.isEmpty ? nil : String(name)
        }
        var name = ""
        rest.removeFirst()
        while let character = rest.popFirst() {
            if character != "`" {
                name.append(character)
            } else if rest.first == "`" {
                name.append(rest.removeFirst())
            } else {
                return name.isEmpty ? nil : name
            }
        }
        return nil
    }
}
