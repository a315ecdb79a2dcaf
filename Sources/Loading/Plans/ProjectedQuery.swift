import Planning
import Relations

/// A template's query for those who want to see its rows in certain ways, without its keys: which columns are
/// fetched, and what of the statement is the same for all keys.
final class ProjectedQuery {
    let template: QueryTemplate
    /// The ways in which the rows are shown; at least one.
    let projections: [Projection]
    /// The types of the columns that are fetched, each of which is fetched once.
    let fetchedTypes: [ColumnType]
    /// By projection and by its columns, where these stand among those that are fetched.
    let places: [[Int]]
    let statements: StatementWriter

    init(_ template: QueryTemplate, showing projections: [Projection]) {
        self.template = template
        self.projections = projections
        var fetched: [Column] = []
        places = projections.map { projection in
            // A count has one column, which is none of the table's.
            template.countsRows ? [0] : projection.fetched.map { Self.place($0, among: &fetched) }
        }
        fetchedTypes = template.countsRows ? [Self.countType] : fetched.map(\.type)
        statements = StatementWriter(template.planner, showing: fetched)
    }

    private static let countType = ColumnType.integer(bits: 64, signed: false, zerofill: false)

    private static func place(_ column: Column, among columns: inout [Column]) -> Int {
        if let known = columns.firstIndex(of: column) { return known }
        columns.append(column)
        return columns.count - 1
    }
}
