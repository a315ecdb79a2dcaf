import FanOut
import Relations
import Wire

/// Writes the reply to a load whose answers are all there.
struct LoadReply {
    private let load: PendingLoad
    private let root: Ticket
    /// Bytes of the reply at most.
    private let limit: Int

    init(_ root: Ticket, of load: PendingLoad, limit: Int) {
        self.load = load
        self.root = root
        self.limit = limit
    }

    /// Leaves `output` as it was, and says so, if the reply would be too long.
    func write(to output: inout ByteBuffer) -> Failure? {
        let start = output.count
        let end = start + limit
        ReplyEncoder.open(load.requestID, member: member, into: &output)
        if load.isList { writeResults(&output, end: end) } else { write(root, 0, &output, end: end) }
        let tooLarge = root.hasTooLargeAnswer ? root : load.included.first { $0.hasTooLargeAnswer }
        if output.count <= end, tooLarge == nil {
            ReplyEncoder.close(into: &output)
            return nil
        }
        output.truncate(to: start)
        let level = (tooLarge ?? root).level
        return level.path.failure(
            .resultTooLarge,
            "the rows of '\(level.route.relationship.name)' for this request take more than limits.reply_bytes = \(limit) bytes"
        )
    }

    private var member: StaticString {
        let route = root.level.route
        if route.isCount { return load.isList ? "counts" : "count" }
        if load.isList { return "results" }
        return route.isMany ? "rows" : "row"
    }

    // {"id":3,"results":[[…],[],null],"errors":{"2":{"code":"bad_key","message":"…"}}
    private func writeResults(_ output: inout ByteBuffer, end: Int) {
        output.append("[")
        for position in root.answers.indices where output.count <= end {
            if position > 0 { output.append(",") }
            write(root, position, &output, end: end)
        }
        output.append("]")
        ReplyEncoder.errors(root.failures, into: &output)
    }

    /// One key's rows, row or count.
    private func write(_ ticket: Ticket, _ position: Int, _ output: inout ByteBuffer, end: Int) {
        let route = ticket.level.route
        switch ticket.answers[position] {
        case .waiting: preconditionFailure("a reply is written when every answer is there")
        case .unusable: output.append("null")
        case .none: writeNothing(route, &output)
        case .rows(let harvest, let place):
            if harvest.rows(of: place) == 0 { return writeNothing(route, &output) }
            let isList = route.isMany && !route.isCount
            if isList { output.append("[") }
            writeRows(ticket, position, harvest, place, &output, end: end)
            if isList { output.append("]") }
        }
    }

    private func writeRows(
        _ ticket: Ticket, _ position: Int, _ harvest: Harvest, _ place: Int, _ output: inout ByteBuffer,
        end: Int
    ) {
        guard !ticket.children.isEmpty else { return harvest.write(rowsOf: place, to: &output) }
        var number = ticket.firstRows[position]
        harvest.forEachRow(of: place) { _, range in
            // Beyond the end nothing is looked at any more.
            guard output.count <= end else { return }
            if number > ticket.firstRows[position] { output.append(",") }
            harvest.write(range, to: &output)
            writeIncluded(ticket, row: number, &output, end: end)
            number += 1
        }
    }

    // ,"tags":[…],"reviews":[…]}
    private func writeIncluded(_ ticket: Ticket, row: Int, _ output: inout ByteBuffer, end: Int) {
        for (branch, child) in zip(ticket.level.branches, ticket.children) {
            output.append(",")
            output.append(jsonString: branch.name)
            output.append(":")
            if let position = child.positions[row] {
                write(child.ticket, position, &output, end: end)
            } else {
                writeNothing(branch.level.route, &output)
            }
        }
        output.append("}")
    }

    /// What a `NULL` key has.
    private func writeNothing(_ route: Route, _ output: inout ByteBuffer) {
        if route.isCount {
            output.append("0")
        } else if route.isMany {
            output.append("[]")
        } else {
            output.append("null")
        }
    }
}
