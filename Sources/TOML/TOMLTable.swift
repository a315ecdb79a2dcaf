/// A table while its document is read. TOML defines each table in one place only:
/// https://toml.io/en/v1.0.0#table
final class TOMLTable {
    enum Origin {
        /// `[a]`, an element of `[[a]]`, the document itself
        case header
        /// The `a` of `[a.b]`, which a header `[a]` may still define.
        case implied
        /// The `a` of `a.b = 1`, to which further dotted keys may add members.
        case dotted
    }

    private enum Member {
        /// Any value; an inline table is one too, because nothing can be added to it.
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

    /// The table to which all parts of a header's key but the last lead; nil if they lead to a value.
    func table(reachedBy key: ArraySlice<String>) -> TOMLTable? {
        guard let name = key.first else { return self }
        let next: TOMLTable
        switch members[name] {
        case nil: next = addTable(name, .implied)
        case .table(let table): next = table
        case .elements(let tables): next = tables[tables.count - 1]
        case .value: return nil
        }
        return next.table(reachedBy: key.dropFirst())
    }

    /// The table that the last part of a header's key defines; nil if it is defined already.
    func openTable(_ name: String) -> TOMLTable? {
        switch members[name] {
        case nil: return addTable(name, .header)
        case .table(let table) where table.origin == .implied:
            table.origin = .header
            return table
        case .table, .elements, .value: return nil
        }
    }

    /// A new element of the list `[[a]]`; nil if there is something else of this name.
    func appendElement(_ name: String) -> TOMLTable? {
        let element = TOMLTable(.header)
        switch members[name] {
        case nil: members[name] = .elements([element])
        case .elements(var tables):
            members[name] = nil  // so that the list is not copied
            tables.append(element)
            members[name] = .elements(tables)
        case .table, .value: return nil
        }
        return element
    }

    /// The table to which all parts of a dotted key but the last lead; nil if they lead to a value, or to a
    /// table that has a header.
    func tableForDottedKey(_ key: ArraySlice<String>) -> TOMLTable? {
        guard let name = key.first else { return self }
        let next: TOMLTable
        switch members[name] {
        case nil: next = addTable(name, .dotted)
        case .table(let table) where table.origin != .header:
            table.origin = .dotted
            next = table
        case .table, .elements, .value: return nil
        }
        return next.tableForDottedKey(key.dropFirst())
    }

    /// Adds a member; false if there is one of this name.
    func add(_ value: TOMLValue, as name: String) -> Bool {
        guard members[name] == nil else { return false }
        members[name] = .value(value)
        return true
    }

    private func addTable(_ name: String, _ origin: Origin) -> TOMLTable {
        let table = TOMLTable(origin)
        members[name] = .table(table)
        return table
    }
}
