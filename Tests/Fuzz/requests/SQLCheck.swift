import Fuzzing
import Planning
import Relations

/// Checks that what a client sends stays within the literals of a statement: with harmless text in its place
/// the statement is the same but for the literals.
struct SQLCheck {
    private let relationship: Relationship
    private let selection: Selection
    private let columns: [Column]

    init(_ relationship: Relationship, _ selection: Selection, _ columns: [Column]) {
        self.relationship = relationship
        self.selection = selection
        self.columns = columns
    }

    func run(_ keys: [Key]) {
        let planner = Planner(relationship, selection)
        let sent = Array(keys.prefix(planner.maxKeys(500)))
        let sql = planner.statement(for: sent, showing: columns).sql
        let tame = Planner(relationship, selection.tamed)
            .statement(for: sent.map { $0.tamed(relationship.key, selection.paging) }, showing: columns).sql
        expect(
            SQLSkeleton(sql) == SQLSkeleton(tame), "the SQL has another shape: \(shown(sql)), \(shown(tame))")
    }
}

extension Key {
    fileprivate func tamed(_ columns: [Column], _ paging: Paging?) -> Key {
        switch self {
        case .single(let scalar): .single(scalar.tamed(columns[0].type))
        case .composite(let scalars):
            .composite(zip(scalars, columns).map { $0.tamed($1.type) })
        case .paged(let key, let position):
            .paged(
                key.tamed(columns, nil),
                from: Position(
                    zip(position.values, paging?.columns ?? []).map { $0?.tamed($1.type) }))
        }
    }
}

extension Scalar {
    /// Harmless text of the same length, so that the same type is declared for it.
    fileprivate func tamed(_ type: ColumnType) -> Scalar {
        switch (self, type) {
        case (.text(let text), .text), (.text(let text), .enumeration), (.text(let text), .set):
            .text(text.map { _ in UInt8(ascii: "a") })
        default: self
        }
    }
}

extension Selection {
    fileprivate var tamed: Selection {
        Selection(
            conditions: conditions.map { Condition($0.column, $0.comparison.tamed($0.column.type)) },
            order: order, limit: limit, offset: offset, paging: paging, isCount: isCount)
    }
}

extension Comparison {
    fileprivate func tamed(_ type: ColumnType) -> Comparison {
        switch self {
        case .isNull, .isNotNull: self
        case .equal(let value): .equal(value.tamed(type))
        case .notEqual(let value): .notEqual(value.tamed(type))
        case .less(let value): .less(value.tamed(type))
        case .lessOrEqual(let value): .lessOrEqual(value.tamed(type))
        case .greater(let value): .greater(value.tamed(type))
        case .greaterOrEqual(let value): .greaterOrEqual(value.tamed(type))
        case .like: .like([UInt8(ascii: "a")])
        case .any(let values, let orNull): .any(values.map { $0.tamed(type) }, orNull: orNull)
        }
    }
}
