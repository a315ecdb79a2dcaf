import Foundation
import MariaDB
import PrivateServer
import TestSupport

/// What the database says of every key of every relationship, asked for one key at a time before anything is broken. The
/// data never changes.
struct Truth: Sendable {
    struct Relationship: Sendable {
        let road: Road
        let keys: [AskedKey]
        /// By a key's JSON.
        let rows: [String: [[String?]]]
        /// Those of some keys that have any.
        let someRows: [[[String?]]]
        /// Each has its key, which may be NULL.
        let parents: [(primaryKey: AskedKey, key: AskedKey)]
        /// Of the related table; their names are the members of an include.
        var branches: [(name: String, relationship: String)] = []
    }

    let relationships: [String: Relationship]
    let names: [String]

    init(_ daemon: DaemonUnderTest, _ oracle: Oracle) throws {
        let described = try daemon.ask(#"{"op":"describe"}"#)["relationships"]?.elements ?? []
        let (roads, complaints) = try Road.all(described, oracle.client)
        guard complaints.isEmpty else { throw NeverHappened(description: "\(complaints)") }
        var found: [String: Relationship] = [:]
        for road in roads {
            let keys = try oracle.keys(of: road)
            let rows = try keys.map { ($0.json, try oracle.rows(road, $0)) }
            found[road.name] = Relationship(
                road: road, keys: keys, rows: Dictionary(rows, uniquingKeysWith: { first, _ in first }),
                someRows: Array(rows.map(\.1).filter { !$0.isEmpty }.prefix(100)),
                parents: try oracle.parents(of: road))
        }
        for description in described {
            guard let name = description["name"]?.text, let table = description["table"]?.text else {
                continue
            }
            found[name]?.branches = (description["include"]?.elements ?? []).compactMap(\.text).map {
                ($0, "\(table).\($0)")
            }
        }
        relationships = found
        names = found.keys.sorted()
    }

    /// Nil, or how the result for a key, with what it includes, differs from what the database said.
    func difference(_ name: String, expected: [[String?]], including branch: String?, got: JSONValue)
        -> String?
    {
        guard let relationship = relationships[name] else { return "no relationship \(name)" }
        let rows = relationship.road.isToOne ? [got] : got.elements
        let bare = rows.map { $0.without([Self.passingColumn, branch ?? ""]) }
        let shown = relationship.road.isToOne ? bare[0] : .array(bare)
        if let difference = relationship.road.difference(expected, shown) { return difference }
        guard let branch, let child = relationship.branches.first(where: { $0.name == branch }),
            let inner = relationships[child.relationship]
        else { return nil }
        for row in rows where row != .null {
            let parts = inner.road.key.map { row[$0.name] ?? .null }
            let key = parts.count == 1 ? "\(parts[0])" : "\(JSONValue.array(parts))"
            let isNothing = parts.contains(.null)
            guard let value = row[branch] else { return "no member '\(branch)' in \(row)" }
            if isNothing {
                if value != .null, value != .array([]) { return "something for a NULL key: \(row)" }
            } else if let difference = difference(
                child.relationship, expected: inner.rows[key] ?? [], including: nil, got: value)
            {
                return "\(branch) of \(row): \(difference)"
            }
        }
        return nil
    }

    /// A column that comes and goes while the daemon serves: a reply may have it or not.
    static let passingColumn = "torture_passing"
}

extension Oracle {
    fileprivate func parents(of road: Road) throws -> [(primaryKey: AskedKey, key: AskedKey)] {
        let columns = (road.primaryKey + road.key).map { $0.shape.expression(identifier($0.name)) }
        let sql = "SELECT \(columns.joined(separator: ", ")) FROM \(identifier(road.parent))"
        return try client.strings(sql).map { row in
            let count = road.primaryKey.count
            return (key(road.primaryKey, Array(row[..<count])), key(road.key, Array(row[count...])))
        }
    }
}

extension JSONValue {
    /// The same for a list.
    func withoutInRows(_ names: [String]) -> JSONValue {
        guard case .array(let rows) = self else { return without(names) }
        return .array(rows.map { $0.without(names) })
    }

    func without(_ names: [String]) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !names.contains($0.name) })
    }
}
