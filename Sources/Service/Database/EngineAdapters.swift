import Loading
import MariaDB

// The driver's values in the engine's words.

/// How a query ended in a slot.
enum SlotOutcome {
    case complete
    case failed(DatabaseError)
    /// The result does not have the columns that were asked for.
    case changedColumns

    /// Whether the query has ended because it was stopped.
    var isStopped: Bool {
        if case .failed(let error) = self { error.errno == ErrorNumber.queryInterrupted } else { false }
    }
}

extension BatchQuery.Outcome {
    init(_ outcome: SlotOutcome) {
        self =
            switch outcome {
            case .complete: .complete
            case .failed(let error): .failed(QueryFailure(error))
            case .changedColumns: .changedColumns
            }
    }
}

extension QueryFailure {
    init(_ error: DatabaseError) {
        let cause: Cause =
            switch error.kind {
            // A statement that is too long costs the connection too, but it is the statement's fault.
            case _ where error.isTooLong, .statement: .refused(error.scope)
            case .connectionLost: .connectionLost
            case .unreachable, .refused: .noConnection
            }
        self.init(
            cause, errno: error.errno, message: error.message, description: "\(error)",
            passesByItself: error.passesByItself)
    }
}

extension RowView {
    init(_ row: Row) {
        self.init(cells: row.values, lengths: row.lengths, count: row.count)
    }
}
