import Batching
package import Configuration
import FanOut
import Loading
package import MariaDB
import Planning
package import Relations
package import Wire

/// How the database answers a load: for the load and each relationship that it includes the SQL, how the
/// server would run it, and which index it uses or lacks. Every call waits, and so is not for the loop's
/// thread.
package struct Explanation {
    private let client: BlockingClient
    private let templates = QueryTemplates()

    package init(_ settings: Settings, _ catalog: Catalog) throws(DatabaseError) {
        client = try BlockingClient(Endpoint(usedBy: settings, purpose: .loads))
        templates.install(catalog, QueryTemplates.Settings(settings))
    }

    /// Explains the load, and after it what it includes.
    /// - Returns: a text for each, those of an include's own includes directly after it.
    package func explain(_ load: Load) throws -> [String] {
        let plan = try LoadPlanner(templates: templates, account: ClientAccount()).plan(of: load)
        return try explain(plan, try plan.distinctKeys(of: load))
    }

    private func explain(_ plan: LoadPlan, _ keys: [Key]) throws(DatabaseError) -> [String] {
        let samples = try sampleKeys(of: plan.template.relationship)
        let own = keys.isEmpty ? samples : keys
        var texts = [try text(plan, own, others: samples.filter { !own.contains($0) })]
        for include in plan.includes { texts += try explain(include.plan, []) }
        return texts
    }

    /// Some keys that really occur, which stand for those of other clients.
    private func sampleKeys(of relationship: Relationship) throws(DatabaseError) -> [Key] {
        let names = relationship.key.map { SQLIdentifier.quoted($0.name) }
        let filled = names.map { "\($0) IS NOT NULL" }.joined(separator: " AND ")
        let table = SQLIdentifier.quoted(relationship.parent)
        // SELECT DISTINCT `id` FROM `authors` WHERE `id` IS NOT NULL LIMIT 3
        let rows = try client.rows(
            "SELECT DISTINCT \(names.joined(separator: ",")) FROM \(table) WHERE \(filled) LIMIT 3")
        return rows.compactMap { row in
            let parts = zip(row, relationship.key).compactMap { cell, column in
                cell.flatMap { $0.withUnsafeBytes { ReturnedKey.keyValue($0, as: column.type) } }
            }
            guard parts.count == relationship.key.count else { return nil }
            return parts.count == 1 ? .single(parts[0]) : .composite(parts)
        }
    }

    private func text(_ plan: LoadPlan, _ keys: [Key], others: [Key]) throws(DatabaseError) -> String {
        let relationship = plan.template.relationship
        let path = plan.path.text.isEmpty ? "" : "\(plan.path.text): "
        var lines = ["\(path)\(relationship.name) (\(relationship.kind == .one ? "to one" : "to many"))"]
        if plan.template.selection.isEmpty { return lines[0] + "\n  no query: nothing can be in the answer" }
        guard !keys.isEmpty else {
            return lines[0] + "\n  no query: '\(relationship.parent)' has no row with a key"
        }
        lines += try query("asked for \(keys.count == 1 ? "one key" : "\(keys.count) keys")", plan, keys)
        // A key that comes alone takes another form than one that comes with those of other clients.
        if keys.count == 1, plan.template.batchKey.maxKeys > 1, !others.isEmpty {
            lines += try query("gathered with \(others.count) keys of others", plan, keys + others)
        }
        return (lines + Advice(plan.template).lines).joined(separator: "\n")
    }

    private func query(_ title: String, _ plan: LoadPlan, _ keys: [Key]) throws(DatabaseError) -> [String] {
        let planner = plan.template.planner
        let keys = Array(keys.prefix(plan.template.batchKey.maxKeys))
        var columns: [Column] = []
        for column in plan.projection.fetched where !columns.contains(column) { columns.append(column) }
        let statement = planner.statement(for: keys, showing: columns)
        let sql = String(decoding: statement.sql, as: UTF8.self)
        let rows = try client.strings(String(decoding: statement.explaining, as: UTF8.self))
        let names = client.columns.map(\.name)
        let plan = [names] + rows.map { row in row.map { $0 ?? "-" } }
        return ["  \(title), \(planner.form(keys).sentence):", "    \(sql)"] + table(plan)
    }

    /// Columns as wide as their widest value.
    private func table(_ rows: [[String]]) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            return "    | " + cells.joined(separator: " | ") + " |"
        }
    }
}

extension Planner.Form {
    fileprivate var sentence: String {
        switch self {
        case .equality: "one comparison"
        case .valueList: "one list of values"
        case .ordinals: "the keys as a table, each row with its key's ordinal"
        case .lateral: "the wanted rows of each key by subqueries, which an index has in order"
        case .window: "all rows of each key, numbered, and of these the wanted ones"
        case .selectPerKey: "a query for each key, all in one statement"
        }
    }
}

/// What an operator can do about the indexes that a template needs.
private struct Advice {
    private let template: QueryTemplate

    init(_ template: QueryTemplate) {
        self.template = template
    }

    private var relationship: Relationship { template.relationship }
    private var matched: [String] { relationship.matchedColumns.map(\.name) }
    private var table: String { relationship.hops.first?.table ?? relationship.table }

    var lines: [String] { [lookup, order].compactMap { $0 } }

    private var lookup: String {
        let list = matched.joined(separator: ", ")
        let beginning = relationship.indexes.filter { index in
            index.columns.first.map { matched.contains($0.column) } ?? false
        }
        let best = beginning.first { $0.finds(matched) } ?? beginning.first { !$0.isIgnored }
        guard let best else {
            let columns = matched.map { SQLIdentifier.quoted($0) }.joined(separator: ",")
            let ignored = beginning.first.map {
                "'\($0.name)' is IGNORED, INVISIBLE or disabled: use it, or "
            }
            return
                "  index: none begins with \(list), so that every query reads all of '\(table)'; "
                + "\(ignored ?? "")create one:\n    ALTER TABLE \(SQLIdentifier.quoted(table)) ADD INDEX (\(columns))"
        }
        return "  index: '\(best.name)' of '\(table)' finds the rows of a key"
    }

    private var order: String? {
        guard template.selection.isCut || template.selection.paging != nil else { return nil }
        if let index = relationship.sortingIndex(template.selection) {
            guard case .window = template.planner.formOfSeveralKeys else {
                return "  limit: index '\(index.name)' has each key's rows in order; "
                    + "only the wanted ones are read"
            }
            let obstacle =
                relationship.primaryKey.isEmpty
                ? "without a primary key they must be numbered"
                : template.selection.limit == nil
                    ? "without 'limit' nearly all are wanted"
                    : "keys of this type cannot stand as literals in a query for each of them"
            return
                "  limit: index '\(index.name)' has each key's rows in order, but \(obstacle): all rows of a "
                + "key are read"
        }
        guard relationship.hops.isEmpty else {
            return "  limit: all rows of a key are read and sorted, because the way goes over other tables"
        }
        let wanted = relationship.wantedIndex(template.selection)
        return
            "  limit: no index has each key's rows in this order, so that all of them are read and sorted; "
            + "one would:\n    ALTER TABLE \(SQLIdentifier.quoted(table)) ADD INDEX (\(wanted))"
    }
}
