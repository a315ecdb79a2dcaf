package import Relations

/// Writes the query for keys of one relationship with one selection.
package struct Planner: Sendable {
    /// How a query finds the rows of several keys.
    package enum Form: Hashable, Sendable {
        /// One key is compared with a literal.
        case equality
        /// The keys stand in a list, `IN (42,43)`, because bytes decide which values are equal.
        case valueList
        /// The keys stand in a table within the query, and each row comes back with the ordinal of its key.
        case ordinals
        /// The first rows of each key are read in order from an index, by a subquery for each key, or for
        /// each row where the server has no `LATERAL`.
        case lateral
        /// The first rows of each key are found by numbering all of its rows with a window function.
        case window
        /// Each key has a `SELECT` of its own, all in one statement.
        case selectPerKey
    }

    let clauses: Clauses
    let literalKeys: LiteralKeys
    let ordinalKeys: OrdinalKeys
    let topRows: TopRows
    let selectPerKey: SelectPerKey
    /// The form of the query for two keys or more.
    package let formOfSeveralKeys: Form

    package init(_ relationship: Relationship, _ selection: Selection) {
        clauses = Clauses(relationship, selection)
        literalKeys = LiteralKeys(clauses)
        ordinalKeys = OrdinalKeys(clauses)
        topRows = TopRows(clauses)
        selectPerKey = SelectPerKey(clauses)
        formOfSeveralKeys = Self.formOfSeveralKeys(clauses, topRows, selectPerKey)
    }

    private static func formOfSeveralKeys(
        _ clauses: Clauses, _ topRows: TopRows, _ selectPerKey: SelectPerKey
    ) -> Form {
        if clauses.selection.paging != nil { return .selectPerKey }
        if clauses.selection.isCut {
            if topRows.areSubqueriesBest { return .lateral }
            let haveLiterals = clauses.keyColumns.allSatisfy(\.hasExactLiteral)
            let areFew = clauses.selection.limit != nil && topRows.areInOrder
            return areFew && haveLiterals && selectPerKey.isQuicklyPlanned ? .selectPerKey : .window
        }
        let isDecidedByBytes = clauses.keyColumns.allSatisfy {
            KeyFamily($0.column.type)?.isDecidedByBytes ?? false
        }
        return isDecidedByBytes ? .valueList : .ordinals
    }

    private var keyColumns: [KeyColumn] { clauses.keyColumns }

    /// The greatest number of keys that one query should have, given the configured bound.
    package func maxKeys(_ configured: Int) -> Int {
        if formOfSeveralKeys == .selectPerKey { return selectPerKey.maxKeys(configured) }
        return keyColumns.contains { $0.needsOwnQuery } ? 1 : max(1, configured / keyColumns.count)
    }

    /// The form of the query for these keys.
    package func form(_ keys: [Key]) -> Form {
        keys.count == 1 && hasExactLiteral(keys[0]) ? .equality : formOfSeveralKeys
    }

    /// Whether a comparison with the key as a literal finds exactly its rows.
    func hasExactLiteral(_ key: Key) -> Bool {
        keyColumns.allSatisfy(\.hasExactLiteral) && !isCut(key)
    }

    /// Whether the server would cut a part of the key if it stood in the query as a literal.
    private func isCut(_ key: Key) -> Bool {
        clauses.relationship.dialect.cutsLongLiterals
            && keyColumns.enumerated().contains { index, column in column.isShorter(than: key.part(index)) }
    }

    /// Writes one query; a ``StatementWriter`` is quicker for many.
    /// - Precondition: as for the writer.
    package func statement(for keys: [Key], showing columns: [Column]) -> Statement {
        StatementWriter(self, showing: columns).statement(for: keys)
    }
}
