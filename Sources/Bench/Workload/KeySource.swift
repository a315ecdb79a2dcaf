import FanOut
import MariaDB
import Relations

/// Where the keys of the loads come from.
package enum KeySource: Sendable {
    /// The first `count` keys that the parent's table has.
    case parent(count: Int)
    /// Keys of the user's own, one JSON value per line, such as those that production has asked for.
    case lines([String], file: String)

    func keys(of template: LoadTemplate, _ client: BlockingClient) throws -> [Key] {
        let keys =
            switch self {
            case .parent(let count): try Self.sample(template.relationship, count, client)
            case .lines(let lines, let file): try Self.read(lines, file, template)
            }
        guard !keys.isEmpty else {
            throw BenchError("there are no keys to ask '\(template.relationship.name)' for")
        }
        return keys
    }

    // SELECT DISTINCT `author_id` FROM `books` WHERE `author_id` IS NOT NULL LIMIT 100000
    private static func sample(_ relationship: Relationship, _ count: Int, _ client: BlockingClient) throws
        -> [Key]
    {
        let columns = relationship.key.map { SQLIdentifier.quoted($0.name) }
        let conditions = columns.map { "\($0) IS NOT NULL" }.joined(separator: " AND ")
        let rows = try client.rows(
            """
            SELECT DISTINCT \(columns.joined(separator: ",")) FROM \(SQLIdentifier.quoted(relationship.parent))
            WHERE \(conditions) LIMIT \(count)
            """)
        return rows.compactMap { row in
            let parts = zip(row, relationship.key).compactMap { cell, column in
                cell?.withUnsafeBytes { ReturnedKey.keyValue($0, as: column.type) }
            }
            guard parts.count == columns.count else { return nil }
            return parts.count == 1 ? .single(parts[0]) : .composite(parts)
        }
    }

    private static func read(_ lines: [String], _ file: String, _ template: LoadTemplate) throws -> [Key] {
        try lines.enumerated().compactMap { number, line in
            guard !line.isEmpty else { return nil }
            do {
                return try template.key(line)
            } catch {
                throw BenchError("\(file):\(number + 1): \(error)")
            }
        }
    }
}
