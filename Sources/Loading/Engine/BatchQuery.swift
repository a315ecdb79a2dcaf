package import Batching
import FanOut
package import Planning
package import Relations
import Wire

/// One batch on its way through a connection: its statement, and the rows that have come for it.
package final class BatchQuery {
    /// How a query ended.
    package enum Outcome: Hashable, Sendable {
        case complete
        case failed(QueryFailure)
        /// The result does not have the columns that were asked for.
        case changedColumns
    }

    /// What becomes of the rows that come.
    enum Intake {
        /// They are kept. Next: any other.
        case collecting
        /// Those still to come change nothing, because the rows of the only key are too many for a reply
        /// already.
        case satisfied
        /// The rows of several keys were too many to be kept together: the keys must be asked again in parts.
        case mustSplit
        /// There was no memory for the rows.
        case outOfMemory
    }

    /// What `limits.reply_bytes` is divided by for the rows of several keys: a key that shares a query with a
    /// huge one waits for no more than that.
    private static let replyBytesDivisor = 8

    package let batch: Batch
    private let projected: ProjectedQuery
    package let statement: Statement
    let canSplit: Bool
    private(set) var intake = Intake.collecting
    /// Indices of keys with so many rows that they must be asked alone; empty if none stands out.
    package private(set) var hugeKeys: [Int] = []
    private(set) var hasRows = false
    /// Whether the server has been asked to stop the query.
    package internal(set) var isKillRequested = false
    /// For each key, how many rows have come.
    package private(set) var rowCounts: [Int] = []
    /// Rows that belonged to none of the keys.
    package private(set) var strayRows = 0
    private let attribution: RowAttribution
    private let maxSharedBytes: Int
    private let memory: MemoryGauge
    private let maxRowsOfKey: Int
    /// One for each projection that waiters of the batch want.
    private let results: [EncodedRows]
    /// The only one of them; most batches have one.
    private let onlyResult: EncodedRows?
    /// Bytes of all results.
    private var byteCount = 0
    /// For each key, the indices of the results that are wanted; nil where there is one result only.
    private let wanted: [[Int]]?

    /// - Parameter wanted: for each key, the indices of the query's projections that are wanted; nil where
    ///   there is one only.
    init(
        _ batch: Batch, _ projected: ProjectedQuery, wanted: [[Int]]?, maxReplyBytes: Int, memory: MemoryGauge
    ) {
        self.batch = batch
        self.projected = projected
        self.wanted = wanted
        let keys = batch.keys
        canSplit = keys.count > 1
        let statement = projected.statements.statement(for: keys)
        self.statement = statement
        self.memory = memory
        maxRowsOfKey = projected.template.maxRowsOfKey
        maxSharedBytes = maxReplyBytes / Self.replyBytesDivisor
        let leadingCount = statement.leadingCount
        attribution = RowAttribution(
            keys, statement.attribution, leading: leadingCount, shown: projected.fetchedTypes)
        // `Array(repeating:count:)` looks its type up at run time: 450 instructions.
        rowCounts.reserveCapacity(keys.count)
        for _ in keys { rowCounts.append(0) }
        let isReversed = projected.template.selection.isBackwards
        results = zip(projected.projections, projected.places).map { projection, places in
            EncodedRows(
                projection, columns: places, offset: leadingCount, keys: keys.count, isReversed: isReversed,
                maxBytesOfKey: maxReplyBytes, memory: memory)
        }
        onlyResult = results.count == 1 ? results[0] : nil
    }

    package var template: QueryTemplate { projected.template }

    /// Whether the rows that are still to come change nothing any more.
    package var needsNoMoreRows: Bool { if case .collecting = intake { false } else { true } }

    /// The rows as this projection of one of the waiters shows them.
    func rows(for projection: Projection) -> EncodedRows? {
        if let onlyResult, onlyResult.projection === projection { return onlyResult }
        return results.first { $0.projection === projection }
    }

    /// Whether every column of the result is of the kind that the catalog says. A column that changed its
    /// type under a running daemon would be compared or shown wrongly.
    package func accepts(_ columns: [CellKind]) -> Bool {
        let (leading, fetched) = (statement.leadingTypes, projected.fetchedTypes)
        return columns.count == leading.count + fetched.count
            && zip(columns, leading).allSatisfy { $0.holds($1) }
            && zip(columns.dropFirst(leading.count), fetched).allSatisfy { $0.holds($1) }
    }

    /// Takes the next row of the result; its bytes are copied.
    package func take(_ row: RowView) {
        hasRows = true
        if needsNoMoreRows { return }
        guard let keyIndex = attribution.keyIndex({ row[$0] }) else {
            strayRows += 1
            return
        }
        rowCounts[keyIndex] += 1
        if rowCounts[keyIndex] > maxRowsOfKey { return noteMore(keyIndex) }
        if let onlyResult {
            onlyResult.add(row, to: keyIndex)
            check(onlyResult.byteCount, of: keyIndex)
        } else if let wanted {
            for index in wanted[keyIndex] {
                byteCount -= results[index].byteCount
                results[index].add(row, to: keyIndex)
                byteCount += results[index].byteCount
            }
            check(byteCount, of: keyIndex)
        }
    }

    private func noteMore(_ keyIndex: Int) {
        for result in results { result.noteMore(keyIndex) }
    }

    private func check(_ byteCount: Int, of keyIndex: Int) {
        if memory.isFull {
            discardRows(.outOfMemory)
        } else if canSplit {
            if byteCount > maxSharedBytes { endForSplitting() }
        } else if results.allSatisfy({ $0.isTooLarge(keyIndex) }) {
            intake = .satisfied
        }
    }

    /// The keys that make the batch too large get queries of their own, the others one without them.
    private func endForSplitting() {
        hugeKeys = batch.keys.indices.filter { key in
            results.reduce(0) { $0 + $1.bytes(of: key) } > maxSharedBytes / 4
        }
        discardRows(.mustSplit)
    }

    private func discardRows(_ intake: Intake) {
        self.intake = intake
        for rows in results { rows.discard() }
    }
}
