import MariaDB

@testable import Service

/// A query in the simulated database.
final class Flight {
    let job: Job
    let lane: Int
    private let rows: [[String?]]
    /// Rows that come before the end.
    private let last: Int
    private(set) var sentRows = 0
    let outcome: Job.Outcome
    var isBeingKilled = false
    var hasEnded = false

    init(_ job: Job, lane: Int, rows: [[String?]], last: Int, _ outcome: Job.Outcome) {
        self.job = job
        self.lane = lane
        self.rows = rows
        self.last = last
        self.outcome = outcome
    }

    /// Hands over the first half of the rows, or what there still is.
    func sendRows(half: Bool) {
        let end = half ? last / 2 : last
        while sentRows < end {
            Row.withCells(rows[sentRows], job.take)
            sentRows += 1
        }
    }
}
