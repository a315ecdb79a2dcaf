package import Configuration
import Loading
package import MariaDB
import Planning
package import Relations

/// Finds out whether the server would answer the queries of a relationship: what it refuses now, it refuses
/// every client. Every call waits, and so is not for the loop's thread.
package struct LoadTrial {
    private let client: BlockingClient

    /// What a trial has shown.
    package enum Outcome: Hashable, Sendable {
        case answered
        /// Every client would be refused, as the text says.
        case refused(String)
        /// The trial showed nothing either way: a lock, for example, stood in the way.
        case inconclusive(String)
    }

    package init(_ settings: Settings) throws(DatabaseError) {
        client = try BlockingClient(Endpoint(usedBy: settings, purpose: .healthCheck))
    }

    /// - Throws: an error that is not about the relationship: the server is gone, or answers nobody.
    package func run(_ relationship: Relationship) throws(DatabaseError) -> Outcome {
        for relationship in [relationship, relationship.viaParent].compactMap({ $0 }) {
            do throws(DatabaseError) {
                try ask(relationship)
            } catch {
                guard error.kind == .statement else { throw error }
                switch error.scope {
                case .server: throw error
                case .moment: return .inconclusive("\(error)")
                case .missingName, .accessDenied, .table, .keys, .unknown:
                    return .refused("every load fails: \(error)")
                }
            }
        }
        return .answered
    }

    // SELECT … FROM `books` t WHERE t.`author_id`=1 ORDER BY t.`id` LIMIT 0
    /// Asks the queries for one key and for several, without their rows. (`EXPLAIN` would need further
    /// privileges for views.)
    private func ask(_ relationship: Relationship) throws(DatabaseError) {
        let planner = Planner(relationship, Selection(allOf: relationship))
        for keys in [["1"], ["1", "2"]] where keys.count <= planner.maxKeys(keys.count) {
            let keys = keys.map { relationship.sample($0) }
            let statement = planner.statement(for: keys, showing: relationship.columns)
            try client.execute(String(decoding: statement.withoutRows, as: UTF8.self))
        }
    }
}

extension Relationship {
    /// A key of the types of this relationship's key columns.
    fileprivate func sample(_ digit: String) -> Key {
        let parts = key.map { $0.type.sample(digit) }
        return parts.count == 1 ? .single(parts[0]) : .composite(parts)
    }
}

extension ColumnType {
    fileprivate func sample(_ digit: String) -> Scalar {
        switch self {
        case .integer, .year, .bit: .integer(digit == "1" ? 1 : 0)
        case .date: Self.text("2026-01-0\(digit)")
        case .time: Self.text("00:00:0\(digit)")
        case .datetime, .timestamp: Self.text("2026-01-0\(digit) 00:00:00")
        case .binary: .bytes(Array(digit.utf8))
        case .uuid: Self.text("00000000-0000-0000-0000-00000000000\(digit)")
        case .inet4: Self.text("192.0.2.\(digit)")
        case .inet6: Self.text("2001:db8::\(digit)")
        case .decimal, .float, .double, .text, .enumeration, .set, .json, .geometry: Self.text(digit)
        }
    }

    private static func text(_ value: String) -> Scalar { .text(Array(value.utf8)) }
}
