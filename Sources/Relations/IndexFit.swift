extension Index {
    /// Whether the rows with given values in `equal` stand together in the index: its first columns are these.
    package func finds(_ equal: [String]) -> Bool {
        let first = columns.prefix(equal.count)
        return first.count == equal.count && first.allSatisfy { !$0.isPrefix && equal.contains($0.column) }
    }

    /// Whether the rows with given values in `matched` stand in the index in this order, forwards or backwards, so
    /// that the first of them are read and no others. `fixed` columns have one value and may stand anywhere.
    ///
    /// - Parameter primaryKey: what InnoDB appends to every secondary index.
    package func sorts(
        _ matched: [String], fixed: [String], by order: [OrderTerm], primaryKey: [String]
    ) -> Bool {
        let constant = Set(matched + fixed)
        let own = Set(columns.map(\.column))
        let appended = primaryKey.filter { !own.contains($0) }.map { Part($0) }
        var wanted = order.filter { !constant.contains($0.column) }[...]
        var left = Set(matched)
        var isBackwards: Bool?
        for part in columns + appended {
            if wanted.isEmpty, left.isEmpty { return true }
            guard !part.isPrefix else { return false }
            if constant.contains(part.column) {
                left.remove(part.column)
                continue
            }
            guard left.isEmpty, let term = wanted.popFirst(), term.column == part.column else { return false }
            let direction = term.descending != part.descending
            guard isBackwards ?? direction == direction else { return false }
            isBackwards = direction
        }
        return wanted.isEmpty && left.isEmpty
    }
}

extension Relationship {
    /// The index that holds each key's rows in the selection's order, so that only the wanted ones are read.
    package func sortingIndex(_ selection: Selection) -> Index? {
        guard hops.isEmpty else { return nil }
        let always = fixed.filter { $0.hop == nil }.map(\.condition.column.name)
        return indexes.first {
            $0.sorts(
                matches.map(\.name), fixed: selection.equalColumns + always, by: selection.order,
                primaryKey: primaryKey.map(\.name))
        }
    }
}
