import Loading
import Relations

/// Decides whether a reply is the right one.
struct ReplyOracle {
    let limits: EngineLimits
    let replyLimits: ReplyQueue.Limits
    let clock: SimulatedClock
    let trace: TraceLog
    var isShutDown = false

    /// - Parameter line: what the client has read.
    func judge(_ line: String, for record: LoadRecord) {
        accept(record)
        guard line.contains("\"error\":{") else { return judge(rows: line, for: record) }
        guard let code = Failure.Code.allCases.first(where: { line.contains("\"code\":\"\($0.rawValue)\"") })
        else {
            return fault(record, "got an error without a code: \(line)")
        }
        let errno = line.split(separator: "\"mysql_errno\":", maxSplits: 1).dropFirst().first
            .flatMap { UInt32($0.prefix { $0.isNumber }) }
        if !isLegitimate(code, errno, record) { fault(record, "got \(line)") }
    }

    private func judge(rows line: String, for record: LoadRecord) {
        let expected = record.expected
        if line != expected.reply {
            fault(record, "got \(line), not \(expected.reply)")
        }
        if expected.isPoisoned { fault(record, "got rows of a key that no query can have asked for") }
        if isTooLong(expected) || expected.leastRows > limits.maxRows { fault(record, "got too much") }
        if record.isCancelled { fault(record, "got rows though it was cancelled") }
    }

    private func accept(_ record: LoadRecord) {
        switch record.state {
        case .sent: record.state = .answered
        case .unsent: fault(record, "is answered before it was sent")
        case .answered: fault(record, "is answered twice")
        case .abandoned: fault(record, "is answered though its client is gone")
        }
        guard let reply = record.reply else { return fault(record, "is answered while it is still owed") }
        // A client that does not read keeps its own loads waiting, but for a deadline of its own.
        let isBound = !record.wasPaused || record.hasOwnBound(limits)
        if isBound, reply.time > record.bound { fault(record, "is answered later than its bound") }
    }

    private func isLegitimate(_ code: Failure.Code, _ errno: UInt32?, _ record: LoadRecord) -> Bool {
        let expected = record.expected
        return switch code {
        case .timeout: record.reply.map { $0.time >= record.bound } ?? false
        case .cancelled: record.isCancelled
        case .resultTooLarge: isTooLong(expected) || expected.mostRows > limits.maxRows
        case .databaseUnavailable: record.isCutOff || record.sawOutage
        case .overloaded: limits.maxResultBytes < 1 << 30 || lacksRoom(record)
        case .shuttingDown: isShutDown
        case .databaseError:
            errno == SimulatedDatabase.poisoned && expected.isPoisoned
                || errno.map { record.refusals.contains($0) } ?? false
        case .badJSON, .lineTooLong, .badRequest, .unknownRelationship, .unknownColumn, .badKey, .badValue,
            .sourceChanged, .tooManyKeys:
            false
        }
    }

    /// Whether there was no room for the load's keys, or for its reply behind others that its client had not
    /// read.
    private func lacksRoom(_ record: LoadRecord) -> Bool {
        guard let reply = record.reply else { return false }
        let keys = record.expected.keys
        let bytes = max(record.expected.reply.utf8.count, replyLimits.minHeldBytes)
        return reply.keysOnTheirWay + keys > limits.maxQueuedKeys
            || reply.clientKeys + keys > limits.maxClientKeys
            || reply.unreadBytes + bytes > limits.maxUnreadBytes
    }

    /// The last brace and the line's end are not counted.
    private func isTooLong(_ expected: ExpectedReply) -> Bool {
        expected.reply.utf8.count - 2 > limits.maxReplyBytes
    }

    private func fault(_ record: LoadRecord, _ what: String) {
        trace.fault(at: clock.time, "load \(record.number) \(what)")
    }
}
