import FanOut
import Relations
import Wire

/// Writes the reply to a load whose answers are all there.
struct LoadReply {
    let ticket: Ticket

    /// Leaves `output` as it was, and says so, if the reply would be longer than `limit` bytes.
    func write(to output: inout ByteBuffer, limit: Int) -> Failure? {
        let start = output.count
        ReplyEncoder.open(ticket.requestID, member: member, into: &output)
        if ticket.isList { writeResults(&output, limit: start + limit) } else { writeAnswer(0, &output) }
        if output.count - start <= limit, !ticket.tooLarge {
            ReplyEncoder.close(into: &output)
            return nil
        }
        output.truncate(to: start)
        let name = ticket.route.relationship.name
        return Failure(
            .resultTooLarge,
            "the rows of '\(name)' for this request take more than limits.reply_bytes = \(limit) bytes")
    }

    private var member: StaticString {
        if ticket.isList { return "results" }
        return ticket.route.relationship.kind == .many ? "rows" : "row"
    }

    // {"id":3,"results":[[…],[],null],"errors":{"2":{"code":"bad_key","message":"…"}}
    private func writeResults(_ output: inout ByteBuffer, limit: Int) {
        output.append("[")
        for position in ticket.answers.indices where output.count <= limit {
            if position > 0 { output.append(",") }
            writeAnswer(position, &output)
        }
        output.append("]")
        ReplyEncoder.errors(ticket.failures, into: &output)
    }

    private func writeAnswer(_ position: Int, _ output: inout ByteBuffer) {
        let isMany = ticket.route.relationship.kind == .many
        switch ticket.answers[position] {
        case .rows(let harvest, let place) where isMany:
            output.append("[")
            harvest.write(rowsOf: place, to: &output)
            output.append("]")
        case .rows(let harvest, let place) where harvest.distributor.rows(of: place) > 0:
            harvest.write(rowsOf: place, to: &output)
        case .unusable: output.append("null")
        case .rows, .none: output.append(isMany ? "[]" : "null")
        case .waiting: preconditionFailure("a reply is written when every answer is there")
        }
    }
}
