package import Batching
package import Planning
package import Relations
import Time
import Wire

/// What may share a query: a relationship with a selection of its rows, and what is prepared for serving it.
package final class QueryTemplate {
    package let relationship: Relationship
    package let selection: Selection
    package let batchKey: BatchKey
    package let planner: Planner
    package let counters: RelationshipCounters
    /// Whether it stands in the table of templates.
    var isKept = false
    /// About how many bytes its filters take.
    let byteCount: Int
    // Copied from the relationship and the selection, because every load asks for them.
    package let isToMany: Bool
    package let countsRows: Bool
    /// The integers for which a load of one key needs no more than to wait for its rows; nil if there are
    /// none. Reading a key by its column's type would be 500 of a load's 11,000 instructions.
    let integerKeys: ClosedRange<Int64>?
    /// Whether no row can satisfy the selection.
    let isEmpty: Bool
    /// The form of the reply to a load of one key.
    let answerForm: AnswerForm
    /// Whether its rows are a page, of which the reply says if there are more.
    let isPage: Bool
    /// The greatest number of rows that a key's answer shows; what comes beyond it says only that it is
    /// there.
    let maxRowsOfKey: Int

    init(
        _ relationship: Relationship, _ selection: Selection, number: Int, _ policy: BatchingPolicy,
        _ counters: RelationshipCounters
    ) {
        self.relationship = relationship
        self.selection = selection
        self.counters = counters
        planner = Planner(relationship, selection)
        isToMany = relationship.kind == .many
        countsRows = selection.isCount
        isEmpty = selection.isEmpty
        answerForm = countsRows ? .count : isToMany ? .rows : .row
        isPage = selection.paging != nil
        integerKeys = isEmpty || isPage ? nil : relationship.integerKeys
        maxRowsOfKey = isToMany ? (isPage ? selection.limit : nil) ?? .max : 1
        byteCount = selection.byteCount
        batchKey = BatchKey(
            number: number, maxKeys: planner.maxKeys(policy.maxKeys),
            window: policy.window,
            priority: policy.priority, relationshipNumber: counters.number)
    }
}

/// A relationship of the catalog, with the plan, the templates and the projections that loads of it share.
final class RelationshipEntry {
    let relationship: Relationship
    /// The plan of every load without options.
    let plainPlan: LoadPlan
    /// The projection of every load that counts rows.
    let countProjection = Projection.count()
    /// The templates of loads that select rows, by their selection.
    var templates: [Selection: QueryTemplate] = [:]
    /// The entry for the same rows by the parent's primary key, once it has been asked for; nil also if the
    /// relationship's key is the primary key.
    var viaParent: RelationshipEntry?
    private let bigIntegersAsStrings: Bool
    private var projections: [[[Column]]: Projection] = [:]
    /// The projection that was asked for last, which is mostly asked for again: comparing columns is cheaper
    /// than hashing them.
    private var lastProjection: (columns: [Column], includeKeys: [Column], projection: Projection)?

    /// Projections that are kept; beyond it all are dropped, so that a client that always asks for other
    /// columns does not fill the memory.
    private static let maxProjections = 256

    init(_ template: QueryTemplate, bigIntegersAsStrings: Bool) {
        relationship = template.relationship
        self.bigIntegersAsStrings = bigIntegersAsStrings
        let all = Projection(
            columns: relationship.columns, includeKeys: [], bigIntegersAsStrings: bigIntegersAsStrings)
        plainPlan = LoadPlan(template, showing: all)
        projections[[relationship.columns, []]] = all
    }

    func projection(_ columns: [Column], includeKeys: [Column]) -> Projection {
        if let last = lastProjection, last.columns == columns, last.includeKeys == includeKeys {
            return last.projection
        }
        let found = projections[[columns, includeKeys]] ?? newProjection(columns, includeKeys)
        lastProjection = (columns, includeKeys, found)
        return found
    }

    private func newProjection(_ columns: [Column], _ includeKeys: [Column]) -> Projection {
        let new = Projection(
            columns: columns, includeKeys: includeKeys, bigIntegersAsStrings: bigIntegersAsStrings)
        if projections.count >= Self.maxProjections { projections.removeAll() }
        projections[[columns, includeKeys]] = new
        return new
    }
}
