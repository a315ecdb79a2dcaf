package import Relations

/// Writes the statements of one planner for rows that show certain columns, whatever their keys are. Where
/// the keys stand as literals it keeps what is the same in all of them: to write that anew for a batch of one
/// key was a sixth of what the daemon did for it.
package final class StatementWriter {
    private let planner: Planner
    private let columns: [Column]
    private let keepsFrames: Bool
    private var equality: StatementFrame?
    private var valueList: StatementFrame?

    /// - Precondition: there is at least one column, unless rows are counted.
    package init(_ planner: Planner, showing columns: [Column]) {
        self.planner = planner
        self.columns = columns
        keepsFrames = planner.clauses.isIndependentOfKeys
    }

    /// Writes the query.
    /// - Precondition: there is at least one key, and each has as many parts as the relationship's key has
    ///   columns.
    package func statement(for keys: [Key]) -> Statement {
        let literalKeys = planner.literalKeys
        switch planner.form(keys) {
        case .equality:
            let frame = equality ?? literalKeys.equality(keys[0], columns)
            if keepsFrames { equality = frame }
            return frame.statement(keys: 1) { planner.clauses.comparison(with: keys[0], &$0) }
        case .valueList:
            let frame = valueList ?? literalKeys.valueList(keys, columns)
            if keepsFrames { valueList = frame }
            return frame.statement(keys: keys.count) { literalKeys.list(keys, &$0) }
        case .ordinals: return planner.ordinalKeys.statement(keys, columns)
        case .lateral: return planner.topRows.lateral(keys, columns)
        case .window: return planner.topRows.window(keys, columns)
        case .selectPerKey:
            return planner.selectPerKey.statement(keys, columns, hasLiteral: planner.hasExactLiteral)
        }
    }
}
