import Relations

@testable import Service

/// Decides whether a reply is the right one.
struct Judge {
    let limits: Engine.Limits
    let agenda: Agenda
    let journal: Journal
    unowned let engine: Engine
    var isShutDown = false

    /// - Parameter line: the bytes that the client got.
    func judge(rows line: String, for record: LoadRecord) {
        accept(record)
        let expected = record.expected
        if line != expected.reply {
            fault(record, "got \(line), not \(expected.reply)")
        }
        if expected.isPoisoned { fault(record, "got rows of a key that no query can have asked for") }
        if isTooLong(expected) || expected.leastRows > limits.maxRows { fault(record, "got too much") }
        if record.isCancelled { fault(record, "got rows though it was cancelled") }
    }

    func judge(_ failure: Failure, for record: LoadRecord, of client: SimulatedClient) {
        accept(record)
        if !isLegitimate(failure, record, client) { fault(record, "got \(failure.code): \(failure.message)") }
    }

    private func accept(_ record: LoadRecord) {
        switch record.state {
        case .sent: record.state = .answered
        case .unsent: fault(record, "is answered before it was sent")
        case .answered: fault(record, "is answered twice")
        case .abandoned: fault(record, "is answered though its client is gone")
        }
        // Who does not read waits for himself, but for a deadline of his own.
        let isBound = !record.wasHeld || record.hasOwnBound(limits)
        if isBound, agenda.now > record.bound { fault(record, "is answered later than its bound") }
    }

    private func isLegitimate(
        _ failure: Failure, _ record: LoadRecord, _ client: SimulatedClient
    ) -> Bool {
        let expected = record.expected
        return switch failure.code {
        case .timeout: agenda.now >= record.bound
        case .cancelled: record.isCancelled
        case .resultTooLarge: isTooLong(expected) || expected.mostRows > limits.maxRows
        case .databaseUnavailable: record.isCutOff || record.sawOutage
        case .overloaded:
            engine.keysOnTheirWay + expected.keys > limits.maxQueuedKeys
                || limits.maxResultBytes < 1 << 30 || record.isRefusedRoom
                || client.keysOnTheirWay + expected.keys > limits.maxClientKeys
        case .shuttingDown: isShutDown
        case .databaseError:
            failure.mysqlErrno == SimulatedDatabase.poisoned && expected.isPoisoned
                || failure.mysqlErrno.map { record.refusals.contains($0) } ?? false
        case .badJSON, .lineTooLong, .badRequest, .unknownRelationship, .unknownColumn, .badKey, .badValue,
            .tooManyKeys:
            false
        }
    }

    /// The last brace and the line's end are not counted.
    private func isTooLong(_ expected: Expectation) -> Bool {
        expected.reply.utf8.count - 2 > limits.maxReplyBytes
    }

    private func fault(_ record: LoadRecord, _ what: String) {
        journal.fault(at: agenda.now, "load \(record.number) \(what)")
    }
}
