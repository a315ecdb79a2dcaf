/// Returns a table of the configuration file that declares a relationship.
///
/// - Parameter more: further lines of the table.
func relationshipTOML(
    _ name: String, from: String, to: String, kind: String = "many", _ more: String...
) -> String {
    (["[relationships.\"\(name)\"]", "from = \"\(from)\"", "to = \"\(to)\"", "kind = \"\(kind)\""] + more)
        .joined(separator: "\n") + "\n"
}
