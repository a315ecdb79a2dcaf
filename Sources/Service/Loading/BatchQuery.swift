import Batching
import FanOut
import MariaDB
import Planning
import Relations
import Wire

/// One batch on its way through a connection: its statement, and the rows that have come.
final class BatchQuery {
    /// How it ended.
    enum Outcome {
        case complete
        case failed(DatabaseError)
        /// The result does not have the columns that were asked for.
        case changedColumns
    }

    /// Several keys together may take this part of a reply's bytes: who shares a query with a huge key does not wait
    /// for more than that.
    private static let batchesInReply = 8

    let batch: Batch
    let template: QueryTemplate
    let statement: Statement
    let canSplit: Bool
    /// Whether the rows that are still to come change nothing any more.
    private(set) var isOver = false
    /// Set when the rows of several keys are too many to be kept together: each key is then asked alone.
    private(set) var mustSplit = false
    /// Set when there is no memory for its rows.
    private(set) var lacksMemory = false
    /// Keys with rows so many that they must be asked alone, when `mustSplit`.
    private(set) var hugeKeys: [Int] = []
    private(set) var hasRows = false
    /// Whether the server has been asked to stop the query.
    var isKilled = false
    /// Of each key.
    private(set) var rowCounts: [Int]
    /// Rows that belonged to none of the keys.
    private(set) var strayRows = 0
    private let attribution: RowAttribution
    private let fetched: [Column]
    private let maxBytes: Int
    private let memory: MemoryGauge
    private let isToOne: Bool
    /// By projection that waiters of the batch want.
    private let results: [EncodedRows]
    /// Most batches are asked for by people who want to see the same.
    private let onlyResult: EncodedRows?
    /// Bytes of all encoded rows.
    private var byteCount = 0
    /// For each key, which encoded rows are wanted; nil where there is one only.
    private let wanted: [[Int]]?

    /// - Parameter batchProjections: of the batch; somebody waits for it.
    init(
        _ batch: Batch, _ batchProjections: BatchProjections, template: QueryTemplate, maxReplyBytes: Int,
        memory: MemoryGauge
    ) {
        self.batch = batch
        self.template = template
        canSplit = batch.keys.count > 1
        isToOne = !template.isMany
        fetched = batchProjections.columns
        wanted = batchProjections.wanted
        let keys = batch.keys
        statement = template.planner.statement(for: keys, showing: fetched)
        self.memory = memory
        maxBytes = maxReplyBytes / Self.batchesInReply
        let leadingCount = statement.leadingTypes.count
        attribution = RowAttribution(
            keys, statement.attribution, leading: leadingCount, shown: fetched.map(\.type))
        rowCounts = Array(repeating: 0, count: keys.count)
        results = batchProjections.projections.map { projection in
            // A count has one column, which is not among those that are fetched.
            let places =
                template.isCount
                ? [0] : projection.fetched.map { batchProjections.columns.firstIndex(of: $0) ?? 0 }
            return EncodedRows(
                projection, places: places.map { leadingCount + $0 }, keys: keys.count,
                maxBytesOfKey: maxReplyBytes, memory: memory)
        }
        onlyResult = results.count == 1 ? results[0] : nil
    }

    /// The rows as a projection of one of the waiters shows them.
    func encoded(for projection: Projection) -> EncodedRows? {
        if let onlyResult, onlyResult.projection === projection { return onlyResult }
        return results.first { $0.projection === projection }
    }

    /// A column that changed its type under a running daemon would be compared or shown wrongly: rows are taken only
    /// if every column is still of the kind that the catalog says.
    func accepts(_ columns: [ColumnDescription]) -> Bool {
        let rest = template.isCount ? [Self.ordinalType] : fetched.map(\.type)
        let expected = statement.leadingTypes + rest
        return columns.count == expected.count && zip(columns, expected).allSatisfy { $0.kind.holds($1) }
    }

    func take(_ row: Row) {
        hasRows = true
        guard !isOver else { return }
        guard let place = attribution.place({ row[$0] }) else {
            strayRows += 1
            return
        }
        rowCounts[place] += 1
        if isToOne, rowCounts[place] > 1 { return }
        if let onlyResult {
            onlyResult.add(row, to: place)
            check(onlyResult.byteCount, of: place)
        } else if let wanted {
            for number in wanted[place] {
                byteCount -= results[number].byteCount
                results[number].add(row, to: place)
                byteCount += results[number].byteCount
            }
            check(byteCount, of: place)
        }
    }

    private func check(_ byteCount: Int, of place: Int) {
        if memory.isFull { return dropAll() }
        if canSplit {
            if byteCount > maxBytes { giveUp() }
        } else {
            isOver = results.allSatisfy { $0.isTooLarge(place) }
        }
    }

    private func dropAll() {
        lacksMemory = true
        isOver = true
        for encoded in results { encoded.discard() }
    }

    /// The keys that make the batch too large get queries of their own, the others one without them.
    private func giveUp() {
        mustSplit = true
        isOver = true
        hugeKeys = batch.keys.indices.filter { key in
            results.reduce(0) { $0 + $1.bytes(of: key) } > maxBytes / 4
        }
        for encoded in results { encoded.discard() }
    }

    private static let ordinalType = ColumnType.integer(bits: 64, signed: false, zerofill: false)
}

extension ColumnDescription.Kind {
    /// Whether values of this kind have the text form of the type.
    fileprivate func holds(_ type: ColumnType) -> Bool {
        if self == .null { return true }
        return switch type {
        case .integer, .year: self == .integer
        case .bit: self == .bit
        case .decimal: self == .decimal
        // A FLOAT is asked for as a DOUBLE.
        case .float, .double: self == .real
        case .date: self == .date
        case .time: self == .time
        case .datetime: self == .datetime
        case .timestamp: self == .timestamp
        case .text: self == .text
        case .binary, .geometry: self == .bytes
        // Depends on the server's version; and an ENUM may have the character set `binary`.
        case .uuid, .inet4, .inet6, .enumeration, .set, .json: self == .text || self == .bytes
        }
    }
}
