import Relations
import TOML

/// Reads one `[relationships."table.name"]`. Faults are collected; a relationship that has one comes out as
/// nil.
struct RelationshipReader {
    private typealias Member = ExplicitRelationship.Member

    private let name: String
    private let members: [String: TOMLValue]
    private var path: [String] { ["relationships", name] }

    static func read(
        name: String, value: TOMLValue, lines: LineIndex, _ faults: inout FaultCollector
    ) -> ExplicitRelationship? {
        let before = faults.faults.count
        guard case .table(let members) = value else {
            faults.add(
                ["relationships", name], "'\(name)' must be a table: write [relationships.\"\(name)\"]")
            return nil
        }
        let read = RelationshipReader(name: name, members: members).read(lines, &faults)
        return faults.faults.count == before ? read : nil
    }

    private func read(_ lines: LineIndex, _ faults: inout FaultCollector) -> ExplicitRelationship? {
        checkNames(&faults)
        let from = side(.from, &faults)
        let to = side(.to, &faults)
        let kind = kind(&faults)
        let columns = columns(&faults)
        let order = order(&faults)
        let through = through(&faults)
        let distinct = distinct(&faults)
        let fixed = fixed(&faults)
        guard let from, let to, let kind else { return nil }
        checkWidths(from, to, through, &faults)
        let present = Member.allCases.filter { members[$0.rawValue] != nil }
        return ExplicitRelationship(
            name: name, from: from, to: to, kind: kind, columns: columns, order: order, through: through,
            distinct: distinct, fixed: fixed, line: lines.line(of: path),
            lines: Dictionary(
                uniqueKeysWithValues: present.map { ($0, lines.line(of: path + [$0.rawValue])) }))
    }

    // MARK: Members

    private func checkNames(_ faults: inout FaultCollector) {
        if ColumnReference.pair(name) == nil {
            faults.add(
                path,
                "'\(name)' is no name of a relationship: write \"table.name\", a name with a dot in backticks"
            )
        }
        let known = Member.allCases.map(\.rawValue)
        for member in members.keys where !known.contains(member) {
            faults.add(
                path + [member], "unknown member '\(member)'" + Suggestion.hint(to: member, among: known))
        }
    }

    private func side(_ member: Member, _ faults: inout FaultCollector) -> ExplicitRelationship.Side? {
        guard let value = members[member.rawValue] else {
            fault(member, "is missing: write \(member.rawValue) = \"table.column\"", &faults)
            return nil
        }
        guard let pairs = value.texts?.compactMap(ColumnReference.pair), pairs.count == value.texts?.count
        else {
            fault(
                member,
                "is \(value.shown); expected \"table.column\" or, for a composite key, a list of them; a name "
                    + "with a dot goes in backticks", &faults)
            return nil
        }
        let columns = pairs.map(\.column)
        guard let table = pairs.first?.table, pairs.allSatisfy({ $0.table == table }),
            Set(columns).count == pairs.count
        else {
            fault(member, "must name different columns of one table", &faults)
            return nil
        }
        return ExplicitRelationship.Side(table: table, columns: columns)
    }

    private func kind(_ faults: inout FaultCollector) -> Relationship.Kind? {
        let kind = members["kind"]?.nonEmptyText.flatMap(Relationship.Kind.init)
        if kind == nil {
            fault(
                .kind,
                (members["kind"].map { "is \($0.shown)" } ?? "is missing") + "; expected \"many\" or \"one\"",
                &faults)
        }
        return kind
    }

    private func columns(_ faults: inout FaultCollector) -> [String]? {
        guard let value = members["columns"] else { return nil }
        guard value.isList, let names = value.names, Set(names).count == names.count else {
            fault(.columns, "must be a list of different column names", &faults)
            return nil
        }
        return names
    }

    private func order(_ faults: inout FaultCollector) -> [OrderTerm]? {
        guard let value = members["order"] else { return nil }
        let order = value.texts?.compactMap { text -> OrderTerm? in
            let descending = text.hasPrefix("-")
            return ColumnReference.name(descending ? String(text.dropFirst()) : text)
                .map { OrderTerm(column: $0, descending: descending) }
        }
        guard value.isList, let order, order.count == value.texts?.count,
            Set(order.map(\.column)).count == order.count
        else {
            fault(.order, "must be a list of different column names; \"-name\" is descending", &faults)
            return nil
        }
        return order
    }

    // through = { table = "book_tags", from = "book_id", to = "tag_id" }, or a list of such
    private func through(_ faults: inout FaultCollector) -> [ExplicitRelationship.Through] {
        guard let value = members["through"] else { return [] }
        let steps: [TOMLValue] = if case .list(let steps) = value, !steps.isEmpty { steps } else { [value] }
        return steps.compactMap { step(of: $0, &faults) }
    }

    private func step(of value: TOMLValue, _ faults: inout FaultCollector) -> ExplicitRelationship.Through? {
        guard case .table(let parts) = value else {
            fault(
                .through,
                "is \(value.shown); expected { table = \"…\", from = \"column\", to = \"column\" } or a list of such",
                &faults)
            return nil
        }
        let known = ["table", "from", "to"]
        for part in parts.keys where !known.contains(part) {
            faults.add(
                path + ["through", part],
                "unknown member 'through.\(part)'" + Suggestion.hint(to: part, among: known))
        }
        let table = parts["table"]?.nonEmptyText.flatMap(ColumnReference.name)
        if table == nil { faults.add(path + ["through", "table"], "through.table must name the join table") }
        let sides = ["from", "to"].map { side -> [String] in
            if let names = parts[side]?.names, Set(names).count == names.count { return names }
            faults.add(
                path + ["through", side],
                "through.\(side) must be a column of the join table, or a list of them")
            return []
        }
        return table.map { ExplicitRelationship.Through(table: $0, from: sides[0], to: sides[1]) }
    }

    // fixed = { "comments.owner_type" = "book" }
    private func fixed(_ faults: inout FaultCollector) -> [ExplicitRelationship.Fixed] {
        guard let value = members["fixed"] else { return [] }
        guard case .table(let entries) = value, !entries.isEmpty else {
            fault(.fixed, "is \(value.shown); expected { \"table.column\" = value }", &faults)
            return []
        }
        return entries.sorted { $0.key < $1.key }.compactMap { name, value in
            guard let pair = ColumnReference.pair(name), let literal = value.literal else {
                faults.add(
                    path + ["fixed", name],
                    "fixed.\(name) of relationship '\(self.name)' must be \"table.column\" = a string or a number"
                )
                return nil
            }
            return .init(table: pair.table, column: pair.column, value: literal)
        }
    }

    private func distinct(_ faults: inout FaultCollector) -> Bool {
        guard let value = members["distinct"] else { return false }
        if case .boolean(let distinct) = value { return distinct }
        fault(.distinct, "is \(value.shown); expected true or false", &faults)
        return false
    }

    // MARK: Checks across members

    /// Checks that the sides which are compared with each other have the same number of columns.
    private func checkWidths(
        _ from: ExplicitRelationship.Side, _ to: ExplicitRelationship.Side,
        _ through: [ExplicitRelationship.Through], _ faults: inout FaultCollector
    ) {
        guard members["through"] != nil else {
            if from.columns.count != to.columns.count {
                fault(.to, "has \(to.columns.count) columns, but 'from' has \(from.columns.count)", &faults)
            }
            return
        }
        var (before, name) = (from.columns.count, "'from'")
        for step in through where !step.from.isEmpty && !step.to.isEmpty {
            if step.from.count != before {
                faults.add(
                    path + ["through", "from"],
                    "through.from has \(step.from.count) columns, but \(name) has \(before)")
            }
            (before, name) = (step.to.count, "through.to of '\(step.table)'")
        }
        if let last = through.last, !last.to.isEmpty, last.to.count != to.columns.count {
            faults.add(
                path + ["through", "to"],
                "through.to has \(last.to.count) columns, but 'to' has \(to.columns.count)")
        }
    }

    private func fault(_ member: Member, _ message: String, _ faults: inout FaultCollector) {
        faults.add(path + [member.rawValue], "\(member.rawValue) of relationship '\(name)' \(message)")
    }
}

extension TOMLValue {
    /// The value as a request would write it; nil if a request cannot.
    fileprivate var literal: Literal? {
        switch self {
        case .text(let text): .string(Array(text.utf8))
        case .integer(let value): .integer(Int64(value))
        case .number(let value): .number(Array("\(value)".utf8))
        case .boolean, .list, .table, .dateTime: nil
        }
    }

    fileprivate var isList: Bool {
        if case .list = self { true } else { false }
    }

    /// The elements of a list of strings, or a single string; nil if the value is something else, or if a
    /// string or the list is empty.
    fileprivate var texts: [String]? {
        switch self {
        case .text(let text): return [text]
        case .list(let values):
            let texts = values.compactMap(\.nonEmptyText)
            return texts.count == values.count && !texts.isEmpty ? texts : nil
        case .boolean, .integer, .number, .table, .dateTime: return nil
        }
    }

    /// The names of columns in a list of strings, or in a single string; nil if the value is something else.
    fileprivate var names: [String]? {
        guard let texts, case let names = texts.compactMap(ColumnReference.name), names.count == texts.count
        else {
            return nil
        }
        return names
    }
}
