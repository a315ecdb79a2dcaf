extension Index {
    /// Whether rows with given values in these columns stand together in the index, because they are its
    /// first columns.
    package func finds(_ equal: [String]) -> Bool {
        let first = columns.prefix(equal.count)
        return !isIgnored && first.count == equal.count
            && first.allSatisfy { !$0.isPrefix && equal.contains($0.column) }
    }

    /// The direction in which rows with given values in the `matched` columns stand in the index in the given
    /// order, so that the first of them can be read without the others; nil if they do not.
    /// - Parameters:
    ///   - fixed: columns that have one value, and may stand anywhere in the index.
    ///   - primaryKey: the columns that InnoDB appends to every secondary index.
    package func direction(
        of matched: [String], fixed: [String], by order: [OrderTerm], primaryKey: [String]
    ) -> Direction? {
        if isIgnored { return nil }
        let constant = Set(matched + fixed)
        let own = Set(columns.map(\.column))
        let appended = primaryKey.filter { !own.contains($0) }.map { Part($0) }
        var wanted = order.filter { !constant.contains($0.column) }[...]
        var left = Set(matched)
        var isBackwards: Bool?
        for part in columns + appended {
            if wanted.isEmpty, left.isEmpty { break }
            guard !part.isPrefix else { return nil }
            if constant.contains(part.column) {
                left.remove(part.column)
                continue
            }
            guard left.isEmpty, let term = wanted.popFirst(), term.column == part.column else { return nil }
            let direction = term.descending != part.descending
            guard isBackwards ?? direction == direction else { return nil }
            isBackwards = direction
        }
        guard wanted.isEmpty, left.isEmpty else { return nil }
        return isBackwards == true ? .backwards : .forwards
    }

    package enum Direction {
        case forwards
        case backwards
    }
}

extension Relationship {
    /// The index in which the rows of each key stand in the selection's order, so that only the wanted ones
    /// are read; nil if there is none.
    package func sortingIndex(_ selection: Selection) -> Index? {
        guard hops.isEmpty else { return nil }
        return indexes.first { direction(of: $0, selection) != nil }
    }

    private func direction(of index: Index, _ selection: Selection) -> Index.Direction? {
        let always = fixed.filter { $0.hop == nil }.map(\.condition.column.name)
        return index.direction(
            of: matchedColumns.map(\.name), fixed: selection.equalColumns + always, by: selection.readOrder,
            primaryKey: primaryKey.map(\.name))
    }

    /// The order in which the rows of one key stand in ``sortingIndex(_:)``, in the index's own words: the
    /// matched columns, which are the same in all of them, come first, each in the direction in which the
    /// index is read. Nil if there is no such index.
    package func indexOrder(_ selection: Selection) -> [OrderTerm]? {
        guard let index = sortingIndex(selection) else { return nil }
        let isBackwards = direction(of: index, selection) == .backwards
        let matched = Set(matchedColumns.map(\.name))
        let leading = index.columns.filter { matched.contains($0.column) }.map {
            OrderTerm(column: $0.column, descending: $0.descending != isBackwards)
        }
        return leading + selection.readOrder.filter { !matched.contains($0.column) }
    }
}

extension Relationship {
    /// A table in which the rows for a key are found by no index, so that every query reads all of it.
    package struct Gap: Hashable, Sendable {
        package let table: String
        package let columns: [String]
        /// Whether the table has no index at all, as a view cannot have one; its tables need it.
        package let hasNoIndexAtAll: Bool
        /// The name of an index that would do if the server did not ignore it; nil if there is none.
        package let ignoredIndex: String?

        package init(table: String, columns: [String], hasNoIndexAtAll: Bool, ignoredIndex: String? = nil) {
            self.table = table
            self.columns = columns
            self.hasNoIndexAtAll = hasNoIndexAtAll
            self.ignoredIndex = ignoredIndex
        }
    }

    /// The tables whose rows are found by no index. The first table is searched for the key, and each further
    /// one for what the one before leads to.
    package func gaps(in schema: Schema) -> [Gap] {
        let tables = hops.map(\.table) + [table]
        let columns = hops.map(\.near) + [targets]
        return zip(tables, columns).compactMap { table, columns in
            let columns = columns.map(\.name)
            let indexes = schema.tables[table]?.indexes ?? []
            let fitting = indexes.filter { index in
                index.columns.first.map { columns.contains($0.column) } ?? false
            }
            guard fitting.allSatisfy(\.isIgnored) else { return nil }
            return Gap(
                table: table, columns: columns, hasNoIndexAtAll: indexes.isEmpty,
                ignoredIndex: fitting.first?.name)
        }
    }

    /// The columns of an index with which the first rows of each key are read in order:
    /// `` `author_id`,`sold` DESC,`id` ``.
    package func wantedIndex(_ selection: Selection) -> String {
        let equal =
            matchedColumns.map(\.name)
            + selection.equalColumns.filter { !matchedColumns.map(\.name).contains($0) }
        let terms = selection.order.filter { !equal.contains($0.column) }
        return
            (equal.map { SQLIdentifier.quoted($0) }
            + terms.map { SQLIdentifier.quoted($0.column) + ($0.descending ? " DESC" : "") }).joined(
                separator: ",")
    }
}

extension Relationship.Gap: CustomStringConvertible {
    package var description: String {
        let list = columns.joined(separator: ", ")
        if hasNoIndexAtAll {
            return
                "'\(table)' has no index, so that every query reads all of it; it needs one that begins with "
                + "\(list) (a view cannot have one: the tables behind it need it)"
        }
        let ignored = ignoredIndex.map { "; '\($0)' does, but it is IGNORED, INVISIBLE or disabled" } ?? ""
        return "no index of '\(table)' begins with \(list), so that every query reads all of it\(ignored)"
    }
}
