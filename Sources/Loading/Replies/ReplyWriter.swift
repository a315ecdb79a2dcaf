import FanOut
import Relations
import Wire

/// Writes the reply to a load whose answers are all there: at once, or in pieces.
struct ReplyWriter {
    enum Progress {
        case more
        case done
        /// What was written is of no use.
        case failed(Failure)
    }

    /// A list of rows with includes that is being written, or one such row.
    private struct Frame {
        let node: LoadNode
        let encoded: EncodedRows
        /// In the encoded rows; nil after the last.
        var row: Int?
        /// Among all rows of the node.
        var number: Int
        /// The include that comes next; nil before the row itself has been written.
        var include: Int?
        var isFirst = true

        var isList: Bool { node.plan.template.isMany }
    }

    /// Rows that are being copied. Nothing stands within them, so there is one such run at most.
    private struct Run {
        let encoded: EncodedRows
        /// Of the arena; not copied yet.
        var range: Range<Int>
        /// The segment of the encoded rows that comes next; nil after the last.
        var next: Int?
        let isList: Bool
    }

    /// Bytes that are copied in one step, and so in one piece, whatever the number of rows.
    private static let bytesInStep = 1 << 18

    private let load: PendingLoad
    private let root: LoadNode
    /// Bytes of the reply at most.
    private let limit: Int
    /// Of the output, before the reply.
    private var start = 0
    private var hasBegun = false
    /// The root's answer that comes next.
    private var position = 0
    private var frames: [Frame] = []
    private var run: Run?

    init(_ root: LoadNode, of load: PendingLoad, limit: Int) {
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
        let sum = ([root] + load.included).reduce(1024) { sum, node in
            node.answers.reduce(sum) { sum, answer in
                guard case .rows(let encoded, let keyIndex) = answer else { return sum + 8 }
                return sum + encoded.bytes(of: keyIndex) + 8
            }
        }
        return min(sum, limit)
    }

    /// - Parameters:
    ///   - steps: how many keys without includes, rows or included lists are written at most.
    ///   - bytes: after how many no further one is begun.
    mutating func write(to output: inout ByteBuffer, steps: Int, bytes: Int = .max) -> Progress {
        if let tooLarge = tooLargeNode { return .failed(failure(of: tooLarge)) }
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

    private var tooLargeNode: LoadNode? {
        root.hasTooLargeAnswer ? root : load.included.first { $0.hasTooLargeAnswer }
    }

    private func failure(of node: LoadNode) -> Failure {
        node.plan.path.failure(
            .resultTooLarge,
            "the rows of '\(node.plan.template.relationship.name)' for this request take more than limits.reply_bytes = \(limit) bytes"
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
        let template = root.plan.template
        if template.isCount { return load.isList ? "counts" : "count" }
        if load.isList { return "results" }
        return template.isMany ? "rows" : "row"
    }

    // MARK: Answers

    /// One key's rows, row or count; where they have includes, only their begin.
    private mutating func write(_ node: LoadNode, _ position: Int, _ output: inout ByteBuffer) {
        let template = node.plan.template
        switch node.answers[position] {
        case .waiting: preconditionFailure("a reply is written when every answer is there")
        case .unusable: output.append("null")
        case .none: writeNothing(template, &output)
        case .rows(let encoded, let keyIndex):
            if encoded.count(of: keyIndex) == 0 { return writeNothing(template, &output) }
            let isList = template.isMany && !template.isCount
            if isList { output.append("[") }
            let first = encoded.firstRow(of: keyIndex)
            if node.children.isEmpty, encoded.bytes(of: keyIndex) > Self.bytesInStep, let first {
                run = Run(
                    encoded: encoded, range: encoded.range(ofRow: first), next: encoded.row(after: first),
                    isList: isList)
            } else if node.children.isEmpty {
                encoded.write(rowsOf: keyIndex, to: &output)
                if isList { output.append("]") }
            } else {
                frames.append(
                    Frame(
                        node: node, encoded: encoded, row: first, number: node.firstRows[position]))
            }
        }
    }

    /// A part of the rows of a key that has very many bytes.
    private mutating func copy(_ output: inout ByteBuffer) {
        guard var run else { return }
        let part = run.range.prefix(Self.bytesInStep)
        run.encoded.write(part, to: &output)
        run.range = part.upperBound..<run.range.upperBound
        self.run = run
        guard run.range.isEmpty else { return }
        if let next = run.next {
            output.append(",")
            self.run?.range = run.encoded.range(ofRow: next)
            self.run?.next = run.encoded.row(after: next)
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
        guard let include = frame.include else {
            if !frame.isFirst { output.append(",") }
            frame.encoded.write(row: row, to: &output)
            frames[top].isFirst = false
            frames[top].include = 0
            return
        }
        guard include < frame.node.children.count else {
            output.append("}")
            frames[top].row = frame.encoded.row(after: row)
            frames[top].number += 1
            frames[top].include = nil
            return
        }
        frames[top].include = include + 1
        writeInclude(frame, include, &output)
    }

    // ,"tags":[…]
    private mutating func writeInclude(_ frame: Frame, _ number: Int, _ output: inout ByteBuffer) {
        let include = frame.node.plan.includes[number]
        let child = frame.node.children[number]
        output.append(",")
        output.append(jsonString: include.name)
        output.append(":")
        if let position = child.positions[frame.number] {
            write(child.node, position, &output)
        } else {
            writeNothing(include.plan.template, &output)
        }
    }

    /// What a `NULL` key has.
    private func writeNothing(_ template: QueryTemplate, _ output: inout ByteBuffer) {
        if template.isCount {
            output.append("0")
        } else if template.isMany {
            output.append("[]")
        } else {
            output.append("null")
        }
    }
}
