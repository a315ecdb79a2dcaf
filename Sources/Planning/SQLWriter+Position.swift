import Relations

/// Positions: which rows stand behind one.
extension SQLWriter {
    // (t.`sold`<1327 OR (t.`sold`=1327 AND t.`id`>33))
    /// Requires that a row stands behind the position. The condition is written row by row, `(a, b) > (1, 2)`
    /// as `a>1 OR (a=1 AND b>2)`: of this form, with literals, both servers read nothing but the two ranges
    /// of an index, at any depth.
    /// - Parameters:
    ///   - order: the order in which rows are read.
    ///   - paging: the columns of the order's terms, whose values the position has.
    mutating func behind(_ position: Position, _ order: [OrderTerm], _ paging: Paging, of alias: String) {
        var equal: [Condition] = []
        var alternatives: [[[Condition]]] = []
        for ((term, column), value) in zip(zip(order, paging.columns), position.values) {
            let behind = Self.behind(value, column, descending: term.descending)
            if !behind.isEmpty { alternatives.append(equal.map { [$0] } + [behind]) }
            equal.append(Condition(column, value.map { .equal($0) } ?? .isNull))
        }
        guard !alternatives.isEmpty else { return write("1=0") }
        anyOf(alternatives) { sql, alternative in
            sql.allOf(alternative) { sql, choice in
                sql.anyOf(choice) { $0.condition($1, of: alias) }
            }
        }
    }

    /// Any of these says that a value stands behind another one; none if no value does. Servers sort `NULL`
    /// as less than every value.
    private static func behind(_ value: Scalar?, _ column: Column, descending: Bool) -> [Condition] {
        guard let value else { return descending ? [] : [Condition(column, .isNotNull)] }
        guard descending else { return [Condition(column, .greater(value))] }
        let less = Condition(column, .less(value))
        return column.isNullable ? [less, Condition(column, .isNull)] : [less]
    }

    private mutating func anyOf<Element>(
        _ elements: [Element], _ write: (inout SQLWriter, Element) -> Void
    ) {
        parenthesized(elements, " OR ", write)
    }

    private mutating func allOf<Element>(
        _ elements: [Element], _ write: (inout SQLWriter, Element) -> Void
    ) {
        parenthesized(elements, " AND ", write)
    }

    private mutating func parenthesized<Element>(
        _ elements: [Element], _ separator: String, _ write: (inout SQLWriter, Element) -> Void
    ) {
        if elements.count > 1 { self.write("(") }
        list(elements, separator: separator, write)
        if elements.count > 1 { self.write(")") }
    }
}
