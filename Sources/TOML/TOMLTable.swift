/// A table while its document is read.
///
/// Each table is written in one place: https://toml.io/en/v1.0.0#table
final class TOMLTable {
    enum Origin {
        /// `[a]`, an element of `[[a]]`, the document itself
        case header
        /// The `a` of `[a.b]`, which a header `[a]` may still follow.
        case implied
        /// The `a` of `a.b = 1`, which may get more members in the same way.
        case dotted
    }

    private enum Member {
        /// An inline table is one: nothing is added to it.
        case value(TOMLValue)
        case table(TOMLTable)
        /// `[[a]]`
        case elements([TOMLTable])
    }

    private var origin: Origin
    private var members: [String: Member] = [:]

    init(_ origin: Origin) {
        self.origin = origin
    }

    var values: [String: TOMLValue] {
        members.mapValues { member in
            switch member {
            case .value(let value): value
            case .table(let table): .table(table.values)
            case .elements(let tables): .list(tables.map { .table($0.values) })
            }
        }
    }

    /// Where the keys before a header's last one lead; `nil` if to a value.
    func reached(by key: ArraySlice<String>) -> TOMLTable? {
        guard let name = key.first else { return self }
        let next: TOMLTable
        switch members[name] {
        case nil: next = added(name, .implied)
        case .table(let table): next = table
        case .elements(let tables): next = tables[tables.count - 1]
        case .value: return nil
        }
        return next.reached(by: key.dropFirst())
    }

    /// A header's last key; `nil` if it is there already.
    func opened(_ name: String) -> TOMLTable? {
        switch members[name] {
        case nil: return added(name, .header)
        case .table(let table) where table.origin == .implied:
            table.origin = .header
            return table
        case .table, .elements, .value: return nil
        }
    }

    /// The last key of `[[a]]`; `nil` if it is something else already.
    func appended(_ name: String) -> TOMLTable? {
        let element = TOMLTable(.header)
        switch members[name] {
        case nil: members[name] = .elements([element])
        case .elements(var tables):
            members[name] = nil  // lest they are copied
            tables.append(element)
            members[name] = .elements(tables)
        case .table, .value: return nil
        }
        return element
    }

    /// Where the keys before a pair's last one lead; `nil` if to a value, or a table that has a header.
    func dotted(_ key: ArraySlice<String>) -> TOMLTable? {
        guard let name = key.first else { return self }
        let next: TOMLTable
        switch members[name] {
        case nil: next = added(name, .dotted)
        case .table(let table) where table.origin != .header:
            table.origin = .dotted
            next = table
        case .table, .elements, .value: return nil
        }
        return next.dotted(key.dropFirst())
    }

    /// `false` if there is such a member.
    func add(_ value: TOMLValue, as name: String) -> Bool {
        guard members[name] == nil else { return false }
        members[name] = .value(value)
        return true
    }

    private func added(_ name: String, _ origin: Origin) -> TOMLTable {
        let table = TOMLTable(origin)
        members[name] = .table(table)
        return table
    }
}
