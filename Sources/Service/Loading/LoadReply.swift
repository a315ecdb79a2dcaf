import FanOut
import Relations
import Wire

/// Writes the reply to a load whose answers are all there: at once, or in pieces.
struct LoadReply {
    enum Progress {
        case more
        case done
        /// What was written is of no use.
        case failed(Failure)
    }

    /// A list of rows with includes that is being written, or one such row.
    private struct Frame {
        let ticket: Ticket
        let harvest: Harvest
        /// In the harvest; nil after the last.
        var row: Int?
        /// Among all rows of the ticket.
        var number: Int
        /// The include that comes next; nil before the row itself has been written.
        var branch: Int?
        var isFirst = true

        var isList: Bool { ticket.level.route.isMany }
    }

    /// Rows that are being copied. Nothing stands within them, so there is one such run at most.
    private struct Run {
        let harvest: Harvest
        /// Of the arena; not copied yet.
        var range: Range<Int>
        /// The segment of the harvest that comes next; nil after the last.
        var next: Int?
        let isList: Bool
    }

    /// Bytes that are copied in one step, and so in one piece, whatever the number of rows.
    private static let bytesInStep = 1 << 18

    private let load: PendingLoad
    private let root: Ticket
    /// Bytes of the reply at most.
    private let limit: Int
    /// Of the output, before the reply.
    private var start = 0
    private var hasBegun = false
    /// The root's answer that comes next.
    private var position = 0
    private var frames: [Frame] = []
    private var run: Run?

    init(_ root: Ticket, of load: PendingLoad, limit: Int) {
        self.load = load
        self.root = root
        self.limit = limit
    }

    /// Leaves `output` as it was, and says so, if the reply would be too long.
    mutating func write(to output: inout ByteBuffer) -> Failure? {
        let start = output.count
        while true {
            switch write(to: &output, steps: .max) {
            case .more: break
            case .done: return nil
            case .failed(let failure):
                output.truncate(to: start)
                return failure
            }
        }
    }

    /// Bytes that it takes, about, and not more unless rows stand in it several times.
    var estimate: Int {
        let sum = ([root] + load.included).reduce(1024) { sum, ticket in
            ticket.answers.reduce(sum) { sum, answer in
                guard case .rows(let harvest, let place) = answer else { return sum + 8 }
                return sum + harvest.bytes(of: place) + 8
            }
        }
        return min(sum, limit)
    }

    /// - Parameters:
    ///   - steps: how many keys without includes, rows or included lists are written at most.
    ///   - bytes: after how many no further one is begun.
    mutating func write(to output: inout ByteBuffer, steps: Int, bytes: Int = .max) -> Progress {
        if let tooLarge = tooLargeTicket { return .failed(failure(of: tooLarge)) }
        if !hasBegun { begin(&output) }
        let before = output.count
        for _ in 0..<steps {
            if output.count - before > bytes { return .more }
            if run != nil {
                copy(&output)
            } else if !frames.isEmpty {
                writeNext(&output)
            } else if position < root.answers.count {
                if position > 0 { output.append(",") }
                write(root, position, &output)
                position += 1
            } else {
                return end(&output)
            }
            if output.count - start > limit { return .failed(failure(of: root)) }
        }
        return .more
    }

    private var tooLargeTicket: Ticket? {
        root.hasTooLargeAnswer ? root : load.included.first { $0.hasTooLargeAnswer }
    }

    private func failure(of ticket: Ticket) -> Failure {
        ticket.level.path.failure(
            .resultTooLarge,
            "the rows of '\(ticket.level.route.relationship.name)' for this request take more than limits.reply_bytes = \(limit) bytes"
        )
    }

    // MARK: The root

    private mutating func begin(_ output: inout ByteBuffer) {
        hasBegun = true
        start = output.count
        ReplyEncoder.open(load.requestID, member: member, into: &output)
        if load.isList { output.append("[") }
    }

    // {"id":3,"results":[[…],[],null],"errors":{"2":{"code":"bad_key","message":"…"}}
    private func end(_ output: inout ByteBuffer) -> Progress {
        if load.isList {
            output.append("]")
            ReplyEncoder.errors(root.failures, into: &output)
        }
        if output.count - start > limit { return .failed(failure(of: root)) }
        ReplyEncoder.close(into: &output)
        return .done
    }

    private var member: StaticString {
        let route = root.level.route
        if route.isCount { return load.isList ? "counts" : "count" }
        if load.isList { return "results" }
        return route.isMany ? "rows" : "row"
    }

    // MARK: Answers

    /// One key's rows, row or count; where they have includes, only their begin.
    private mutating func write(_ ticket: Ticket, _ position: Int, _ output: inout ByteBuffer) {
        let route = ticket.level.route
        switch ticket.answers[position] {
        case .waiting: preconditionFailure("a reply is written when every answer is there")
        case .unusable: output.append("null")
        case .none: writeNothing(route, &output)
        case .rows(let harvest, let place):
            if harvest.rows(of: place) == 0 { return writeNothing(route, &output) }
            let isList = route.isMany && !route.isCount
            if isList { output.append("[") }
            let first = harvest.firstRow(of: place)
            if ticket.children.isEmpty, harvest.bytes(of: place) > Self.bytesInStep, let first {
                run = Run(
                    harvest: harvest, range: harvest.range(ofRow: first), next: harvest.row(after: first),
                    isList: isList)
            } else if ticket.children.isEmpty {
                harvest.write(rowsOf: place, to: &output)
                if isList { output.append("]") }
            } else {
                frames.append(
                    Frame(
                        ticket: ticket, harvest: harvest, row: first, number: ticket.firstRows[position]))
            }
        }
    }

    /// A part of the rows of a key that has very many bytes.
    private mutating func copy(_ output: inout ByteBuffer) {
        guard var run else { return }
        let part = run.range.prefix(Self.bytesInStep)
        run.harvest.write(part, to: &output)
        run.range = part.upperBound..<run.range.upperBound
        self.run = run
        guard run.range.isEmpty else { return }
        if let next = run.next {
            output.append(",")
            self.run?.range = run.harvest.range(ofRow: next)
            self.run?.next = run.harvest.row(after: next)
        } else {
            if run.isList { output.append("]") }
            self.run = nil
        }
    }

    /// The next row of the innermost list, one of its includes, or its end.
    // {"id":7,…,"tags":[…],"reviews":[…]},{"id":8,…
    private mutating func writeNext(_ output: inout ByteBuffer) {
        let top = frames.count - 1
        let frame = frames[top]
        guard let row = frame.row else {
            if frame.isList { output.append("]") }
            frames.removeLast()
            return
        }
        guard let branch = frame.branch else {
            if !frame.isFirst { output.append(",") }
            frame.harvest.write(row: row, to: &output)
            frames[top].isFirst = false
            frames[top].branch = 0
            return
        }
        guard branch < frame.ticket.children.count else {
            output.append("}")
            frames[top].row = frame.harvest.row(after: row)
            frames[top].number += 1
            frames[top].branch = nil
            return
        }
        frames[top].branch = branch + 1
        writeInclude(frame, branch, &output)
    }

    // ,"tags":[…]
    private mutating func writeInclude(_ frame: Frame, _ number: Int, _ output: inout ByteBuffer) {
        let branch = frame.ticket.level.branches[number]
        let child = frame.ticket.children[number]
        output.append(",")
        output.append(jsonString: branch.name)
        output.append(":")
        if let position = child.positions[frame.number] {
            write(child.ticket, position, &output)
        } else {
            writeNothing(branch.level.route, &output)
        }
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
