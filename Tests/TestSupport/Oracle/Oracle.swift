package import MariaDB
package import PrivateServer
import Relations

/// A key as a client writes it and as SQL literals. A key that is `NULL` or has a `NULL` part has no
/// literals.
package struct AskedKey: Sendable {
    package let json: String
    package let literals: [String]?

    package init(json: String, literals: [String]?) {
        self.json = json
        self.literals = literals
    }
}

/// Asks the database directly, for one key at a time: its answers are right.
package final class Oracle {
    package let client: BlockingClient

    package init(_ server: PrivateServer, database: String) throws {
        client = try BlockingClient(
            server.endpoint(database: database, sessionSetup: ["SET time_zone = '+00:00', sql_mode = ''"]))
    }

    /// Returns the keys of all parents; keys that differ in their bytes are different.
    package func keys(of relationship: DescribedRelationship) throws -> [AskedKey] {
        let shown = relationship.key.map { $0.shape.expression(identifier($0.name)) }
        let groups = relationship.key.map { "HEX(\(identifier($0.name)))" }
        let sql = """
            SELECT \(shown.joined(separator: ", ")) FROM \(identifier(relationship.parent)) \
            GROUP BY \(groups.joined(separator: ", "))
            """
        return try client.strings(sql).map { key(relationship, $0) }
    }

    package func key(_ relationship: DescribedRelationship, _ parts: [String?]) -> AskedKey {
        key(relationship.key, parts)
    }

    package func key(_ columns: [ShownColumn], _ parts: [String?]) -> AskedKey {
        let json = zip(columns, parts).map { column, part in part.map(column.shape.json) ?? "null" }
        let literals = zip(columns, parts).compactMap { column, part in part.map { literal(column, $0) } }
        return AskedKey(
            json: json.count == 1 ? json[0] : "[\(json.joined(separator: ","))]",
            literals: literals.count == parts.count ? literals : nil)
    }

    package func literal(_ column: ShownColumn, _ shown: String) -> String {
        column.shape.literal(shown, quote: client.quote)
    }

    // SELECT r.`id`+0, CAST(r.`title` AS CHAR CHARACTER SET utf8mb4) FROM `books` AS r
    //   WHERE r.`author_id` = 42 ORDER BY r.`id`
    package func rows(_ relationship: DescribedRelationship, _ key: AskedKey) throws -> [[String?]] {
        guard let literals = key.literals else { return [] }
        let shown = relationship.columns.map { $0.shape.expression("r.\(identifier($0.name))") }
        let conditions = zip(relationship.matches, literals).map { "\($0) = \($1)" }
        let order =
            relationship.order.isEmpty ? "" : " ORDER BY \(relationship.order.joined(separator: ", "))"
        let sql = """
            SELECT \(readingRows(literals)) \(shown.joined(separator: ", ")) FROM \(relationship.from) \
            WHERE \(conditions.joined(separator: " AND "))\(order)
            """
        do throws(DatabaseError) {
            return try client.strings(sql)
        } catch {
            // The column's character set cannot hold this text, so no row has it.
            if Self.cannotHoldText.contains(error.errno) { return [] }
            throw error
        }
    }

    /// Returns a hint to use no index, for literals that MySQL may cut to look them up: see
    /// `Dialect.cutsLongLiterals`. What it finds then is not equal to them.
    private func readingRows(_ literals: [String]) -> String {
        let areCut = client.dialect.cutsLongLiterals && literals.contains { $0.hasSuffix(#"\n'"#) }
        return areCut ? "/*+ NO_INDEX(r) NO_INDEX(j) */" : ""
    }

    /// What MariaDB and MySQL say of it.
    private static let cannotHoldText = [
        ErrorNumber.cannotAggregateTwoCollations, ErrorNumber.cannotConvertString,
    ]
}

extension DescribedRelationship {
    /// Returns how a result of the daemon differs from the database's rows; nil if it does not.
    ///
    /// - Parameter columns: the columns that the rows show; nil for all.
    package func difference(
        _ expected: [[String?]], _ got: JSONValue?, columns: [ShownColumn]? = nil
    ) -> String? {
        let columns = columns ?? self.columns
        guard let got else { return "no result" }
        if isToOne {
            guard let first = expected.first else { return got == .null ? nil : "expected null, got \(got)" }
            return isSame(first, got, columns) ? nil : "expected \(first), got \(got)"
        }
        guard case .array(let rows) = got else { return "expected a list, got \(got)" }
        let isSame =
            order.isEmpty
            ? isSameSet(expected, rows, columns)
            : expected.count == rows.count
                && zip(expected, rows).allSatisfy { self.isSame($0, $1, columns) }
        return isSame ? nil : "expected \(expected.count) rows \(expected), got \(rows.count): \(got)"
    }

    private func isSame(_ expected: [String?], _ row: JSONValue, _ columns: [ShownColumn]) -> Bool {
        row.members.count == columns.count
            && zip(row.members, columns).allSatisfy { $0.name.utf8.elementsEqual($1.name.utf8) }
            && zip(zip(row.members, columns), expected).allSatisfy { $0.1.shape.accepts($0.0.value, for: $1) }
    }

    private func isSameSet(
        _ expected: [[String?]], _ rows: [JSONValue], _ columns: [ShownColumn]
    ) -> Bool {
        var left = rows
        for row in expected {
            guard let match = left.firstIndex(where: { isSame(row, $0, columns) }) else { return false }
            left.remove(at: match)
        }
        return left.isEmpty
    }
}
