import FanOut
import Relations
import Wire

/// Writes the reply to a load whose answers are all there: at once, or in slices.
struct ReplyWriter {
    enum Progress {
        case more
        case done
        /// The reply would be too long. What was written is of no use.
        case failed(Failure)
    }

    /// A list of rows with includes that is being written, or one such row.
    private struct Level {
        let node: LoadNode
        let rows: EncodedRows
        /// The row of `rows` that is being written; nil after the last.
        var row: Int?
        /// That row's index among all rows of the node.
        var rowIndex: Int
        /// The index of the include that comes next; nil before the row itself has been written.
        var include: Int?

        var isList: Bool { node.plan.template.isToMany }
    }

    /// Rows of a key that are being copied in parts. They have no includes, so there is at most one such
    /// copy.
    private struct PartialCopy {
        let rows: EncodedRows
        /// Bytes of the current segment that have not been copied yet.
        var range: Range<Int>
        /// The segment that comes next; nil after the last.
        var next: Int?
        let isList: Bool
    }

    /// Bytes that are copied in one step, and so in one slice, whatever the number of rows.
    private static let maxBytesInStep = 1 << 18

    private let load: PendingLoad
    private let root: LoadNode
    /// Bytes that the reply may have.
    private let maxBytes: Int
    /// Bytes of the output that were there before the reply.
    private var start = 0
    private var hasBegun = false
    /// The position of the key whose answer comes next.
    private var position = 0
    private var levels: [Level] = []
    private var copy: PartialCopy?

    init(_ root: LoadNode, of load: PendingLoad, maxBytes: Int) {
        self.load = load
        self.root = root
        self.maxBytes = maxBytes
    }

    /// Writes the whole reply.
    /// - Returns: nil; or why it would be too long, and then `output` is as it was.
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

    /// About how many bytes the reply takes. It takes more only if included rows stand in it several times.
    var estimate: Int {
        let sum = ([root] + load.included).reduce(1024) { sum, node in
            node.answers.reduce(sum) { sum, answer in
                guard case .rows(let rows, let keyIndex) = answer else { return sum + 8 }
                return sum + rows.bytes(of: keyIndex) + 8
            }
        }
        return min(sum, maxBytes)
    }

    /// Writes the next part of the reply.
    /// - Parameters:
    ///   - steps: how many steps to take at most; one writes a key's rows without includes, one row, or the
    ///     beginning of one included list.
    ///   - bytes: no further step is begun after so many bytes.
    mutating func write(to output: inout ByteBuffer, steps: Int, bytes: Int = .max) -> Progress {
        if let tooLarge = tooLargeNode { return .failed(failure(of: tooLarge)) }
        if !hasBegun { begin(&output) }
        let before = output.count
        for _ in 0..<steps {
            if output.count - before > bytes { return .more }
            if copy != nil {
                copyPart(&output)
            } else if !levels.isEmpty {
                writeNext(&output)
            } else if position < root.answers.count {
                write(root, position, &output)
                position += 1
            } else {
                return end(&output)
            }
            if output.count - start > maxBytes { return .failed(failure(of: root)) }
        }
        return .more
    }

    private var tooLargeNode: LoadNode? {
        root.hasTooLargeAnswer ? root : load.included.first { $0.hasTooLargeAnswer }
    }

    private func failure(of node: LoadNode) -> Failure {
        node.plan.path.failure(
            .resultTooLarge,
            "the rows of '\(node.plan.template.relationship.name)' for this request take more than limits.reply_bytes = \(maxBytes) bytes"
        )
    }

    // MARK: The root

    private mutating func begin(_ output: inout ByteBuffer) {
        hasBegun = true
        start = output.count
        ReplyEncoder.open(load.requestID, member: member, into: &output)
        if load.isList { output.beginList() }
    }

    // {"id":3,"results":[[…],[],null],"errors":{"2":{"code":"bad_key","message":"…"}}}
    // {"id":4,"rows":[…],"more":true}, {"id":5,"results":[[…],[…]],"more":[true,false]}
    private func end(_ output: inout ByteBuffer) -> Progress {
        if load.isList { output.endList() }
        if root.plan.template.isPage { writeMore(&output) }
        if load.isList { ReplyEncoder.errors(root.failures, into: &output) }
        if output.count - start > maxBytes { return .failed(failure(of: root)) }
        ReplyEncoder.close(into: &output)
        return .done
    }

    private func writeMore(_ output: inout ByteBuffer) {
        let haveMore = root.answers.map { answer -> Bool? in
            switch answer {
            case .rows(let rows, let keyIndex): rows.hasMore(keyIndex)
            case .noRows: false
            case .waiting, .unusable: nil
            }
        }
        if load.isList {
            ReplyEncoder.more(haveMore, into: &output)
        } else {
            ReplyEncoder.more(haveMore.first == true, into: &output)
        }
    }

    private var member: StaticString {
        let template = root.plan.template
        if template.countsRows { return load.isList ? "counts" : "count" }
        if load.isList { return "results" }
        return template.isToMany ? "rows" : "row"
    }

    // MARK: Answers

    /// Writes one key's rows, row or count. Rows with includes, and very many bytes, are only begun.
    private mutating func write(_ node: LoadNode, _ position: Int, _ output: inout ByteBuffer) {
        let template = node.plan.template
        switch node.answers[position] {
        case .waiting: preconditionFailure("a reply is written when every answer is there")
        case .unusable: output.null()
        case .noRows: writeNothing(template, &output)
        case .rows(let rows, let keyIndex):
            guard let first = rows.firstRow(of: keyIndex) else { return writeNothing(template, &output) }
            let isList = template.isToMany && !template.countsRows
            if isList { output.beginList() }
            if !node.children.isEmpty {
                levels.append(Level(node: node, rows: rows, row: first, rowIndex: node.firstRows[position]))
            } else if rows.bytes(of: keyIndex) > Self.maxBytesInStep {
                output.separate()
                copy = PartialCopy(
                    rows: rows, range: rows.range(ofRow: first), next: rows.row(after: first), isList: isList)
            } else {
                rows.write(rowsOf: keyIndex, to: &output)
                if isList { output.endList() }
            }
        }
    }

    /// Copies a part of the rows of a key that has very many bytes.
    private mutating func copyPart(_ output: inout ByteBuffer) {
        guard var copy else { return }
        let part = copy.range.prefix(Self.maxBytesInStep)
        copy.rows.write(part, to: &output)
        copy.range = part.upperBound..<copy.range.upperBound
        self.copy = copy
        guard copy.range.isEmpty else { return }
        if let next = copy.next {
            output.separate()
            self.copy?.range = copy.rows.range(ofRow: next)
            self.copy?.next = copy.rows.row(after: next)
        } else {
            if copy.isList { output.endList() }
            self.copy = nil
        }
    }

    // {"id":7,…,"tags":[…],"reviews":[…]},{"id":8,…
    /// Writes the next row of the innermost list, one of its includes, or its end.
    private mutating func writeNext(_ output: inout ByteBuffer) {
        let top = levels.count - 1
        let level = levels[top]
        guard let row = level.row else {
            if level.isList { output.endList() }
            levels.removeLast()
            return
        }
        guard let include = level.include else {
            output.separate()
            level.rows.write(level.rows.range(ofRow: row), to: &output)
            levels[top].include = 0
            return
        }
        guard include < level.node.children.count else {
            output.endObject()
            levels[top].row = level.rows.row(after: row)
            levels[top].rowIndex += 1
            levels[top].include = nil
            return
        }
        levels[top].include = include + 1
        write(include: include, of: level, &output)
    }

    // ,"tags":[…]
    private mutating func write(include index: Int, of level: Level, _ output: inout ByteBuffer) {
        let include = level.node.plan.includes[index]
        let child = level.node.children[index]
        output.member(include.name)
        if let position = child.positions[level.rowIndex] {
            write(child.node, position, &output)
        } else {
            writeNothing(include.plan.template, &output)
        }
    }

    /// Writes what a `NULL` key has.
    private func writeNothing(_ template: QueryTemplate, _ output: inout ByteBuffer) {
        if template.countsRows {
            output.value(0)
        } else if template.isToMany {
            output.beginList()
            output.endList()
        } else {
            output.null()
        }
    }
}
