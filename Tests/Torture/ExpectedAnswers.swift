import Foundation
import MariaDB
import PrivateServer
import TestSupport

/// The right answer for every key of every relationship. The database is asked for one key at a time before
/// any fault is injected; the data never changes.
struct ExpectedAnswers: Sendable {
    struct Relationship: Sendable {
        let described: DescribedRelationship
        let keys: [AskedKey]
        /// The rows of each key, by the key's JSON.
        let rows: [String: [[String?]]]
        /// The rows of some keys that have any.
        let someRows: [[[String?]]]
        /// The parents' primary keys and their keys of this relationship, which may be NULL.
        let parents: [(primaryKey: AskedKey, key: AskedKey)]
        /// The relationships that an include may name, and their full names.
        var includes: [(name: String, relationship: String)] = []
    }

    let relationships: [String: Relationship]
    let names: [String]

    init(_ daemon: DaemonUnderTest, _ oracle: Oracle) throws {
        let descriptions = try daemon.ask(#"{"op":"describe"}"#)["relationships"]?.elements ?? []
        let (all, complaints) = try DescribedRelationship.all(descriptions, oracle.client)
        guard complaints.isEmpty else { throw TestFailure(description: "\(complaints)") }
        var found: [String: Relationship] = [:]
        for relationship in all {
            let keys = try oracle.keys(of: relationship)
            let rows = try keys.map { ($0.json, try oracle.rows(relationship, $0)) }
            found[relationship.name] = Relationship(
                described: relationship, keys: keys,
                rows: Dictionary(rows, uniquingKeysWith: { first, _ in first }),
                someRows: Array(rows.map(\.1).filter { !$0.isEmpty }.prefix(100)),
                parents: try oracle.parents(of: relationship))
        }
        for description in descriptions {
            guard let name = description["name"]?.text, let table = description["table"]?.text else {
                continue
            }
            found[name]?.includes = (description["include"]?.elements ?? []).compactMap(\.text).map {
                ($0, "\(table).\($0)")
            }
        }
        relationships = found
        names = found.keys.sorted()
    }

    /// Returns how the result for a key, with what it includes, differs from the database's answer; nil if it
    /// does not.
    func difference(_ name: String, expected: [[String?]], including include: String?, got: JSONValue)
        -> String?
    {
        guard let relationship = relationships[name] else { return "no relationship \(name)" }
        let rows = relationship.described.isToOne ? [got] : got.elements
        let bare = rows.map { $0.without([Self.passingColumn, include ?? ""]) }
        let shown = relationship.described.isToOne ? bare[0] : .array(bare)
        if let difference = relationship.described.difference(expected, shown) { return difference }
        guard let include, let child = relationship.includes.first(where: { $0.name == include }),
            let inner = relationships[child.relationship]
        else { return nil }
        for row in rows where row != .null {
            let parts = inner.described.key.map { row[$0.name] ?? .null }
            let key = parts.count == 1 ? "\(parts[0])" : "\(JSONValue.array(parts))"
            let isNothing = parts.contains(.null)
            guard let value = row[include] else { return "no member '\(include)' in \(row)" }
            if isNothing {
                if value != .null, value != .array([]) { return "something for a NULL key: \(row)" }
            } else if let difference = difference(
                child.relationship, expected: inner.rows[key] ?? [], including: nil, got: value)
            {
                return "\(include) of \(row): \(difference)"
            }
        }
        return nil
    }

    /// A column that a fault adds and drops while the daemon serves: a reply may have it or not.
    static let passingColumn = "torture_passing"
}

extension Oracle {
    fileprivate func parents(of relationship: DescribedRelationship) throws -> [(
        primaryKey: AskedKey, key: AskedKey
    )] {
        let columns = (relationship.primaryKey + relationship.key).map {
            $0.shape.expression(identifier($0.name))
        }
        let sql = "SELECT \(columns.joined(separator: ", ")) FROM \(identifier(relationship.parent))"
        return try client.strings(sql).map { row in
            let count = relationship.primaryKey.count
            return (
                key(relationship.primaryKey, Array(row[..<count])),
                key(relationship.key, Array(row[count...]))
            )
        }
    }
}

extension JSONValue {
    /// Returns the rows of a list, or a single row, without some members.
    func withoutInRows(_ names: [String]) -> JSONValue {
        guard case .array(let rows) = self else { return without(names) }
        return .array(rows.map { $0.without(names) })
    }

    /// Returns an object without some of its members.
    func without(_ names: [String]) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !names.contains($0.name) })
    }
}
