import Loading
import MariaDB
import Reactor

// The driver, the engine and the loop do not know one another's words: here one becomes the other.

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

extension MariaDB.Readiness {
    init(_ readiness: Reactor.Readiness) {
        // By their bits: a set's own functions are not specialized in another module, and take 900
        // instructions.
        let isReadable = readiness.rawValue & Reactor.Readiness.readable.rawValue != 0
        let isWritable = readiness.rawValue & Reactor.Readiness.writable.rawValue != 0
        self.init(
            rawValue: (isReadable ? Self.readable.rawValue : 0) | (isWritable ? Self.writable.rawValue : 0))
    }
}
