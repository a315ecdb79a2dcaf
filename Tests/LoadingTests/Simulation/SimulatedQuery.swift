import Loading

/// A query in the simulated database.
final class SimulatedQuery {
    let query: BatchQuery
    let slot: Int
    private let rows: [[String?]]
    /// Rows that come before the end.
    private let last: Int
    private(set) var sentRows = 0
    let outcome: BatchQuery.Outcome
    var isBeingKilled = false
    var hasEnded = false

    init(_ query: BatchQuery, slot: Int, rows: [[String?]], last: Int, _ outcome: BatchQuery.Outcome) {
        self.query = query
        self.slot = slot
        self.rows = rows
        self.last = last
        self.outcome = outcome
    }

    /// Hands over the first half of the rows, or what there still is.
    func sendRows(half: Bool) {
        let end = half ? last / 2 : last
        while sentRows < end {
            RowView.withCells(rows[sentRows], query.take)
            sentRows += 1
        }
    }
}
