import FanOut
import Relations
import Wire

/// A batch's rows as one projection shows them: each encoded once into an arena, of which segments say which
/// bytes are whose.
package final class EncodedRows {
    let projection: Projection
    /// For each of the projection's fetched columns, its index among the columns that were fetched.
    private let columns: [Int]
    /// The number of a row's columns before those.
    private let offset: Int
    /// The projection's encoder, kept here because reading it out of the enum would copy it for each row.
    private let encoder: RowEncoder
    private let shownCount: Int
    private let includeKeyColumns: [Column]
    private let countsRows: Bool
    private let segments: RowSegments
    private var arena = ByteBuffer()
    private let memory: MemoryGauge
    /// Bytes that are counted as memory in use.
    private var countedBytes = 0
    /// Rows of a key beyond this many bytes are not kept: no reply could hold them.
    private let maxBytesOfKey: Int
    /// The values of the projection's include keys, row by row; nil for `NULL`.
    private var includeKeys: [Scalar?] = []
    /// Indices of the keys that have more rows than were asked for.
    private var keysWithMore: Set<Int> = []
    /// By index of a key, an include key's column that has no value of its type in a row of that key, so that
    /// nothing can be included by it.
    private(set) var brokenIncludeKeys: [Int: Column] = [:]

    /// - Parameter isReversed: whether the rows of each key come in the opposite order, the last one first.
    init(
        _ projection: Projection, columns: [Int], offset: Int, keys: Int, isReversed: Bool = false,
        maxBytesOfKey: Int,
        memory: MemoryGauge
    ) {
        self.projection = projection
        self.columns = columns
        self.offset = offset
        switch projection.content {
        case .count: (self.encoder, shownCount, countsRows) = (RowEncoder(columns: []), 0, true)
        case .columns(let shown, let encoder):
            (self.encoder, shownCount, countsRows) = (encoder, shown.count, false)
        }
        includeKeyColumns = projection.includeKeys
        segments = RowSegments(
            keys: keys, joinsRows: projection.includeKeys.isEmpty, isReversed: isReversed)
        self.maxBytesOfKey = maxBytesOfKey
        self.memory = memory
    }

    deinit { memory.update(&countedBytes, to: 0) }

    var byteCount: Int { arena.count }

    func count(of keyIndex: Int) -> Int { segments.rows(of: keyIndex) }

    func bytes(of keyIndex: Int) -> Int { segments.bytes(of: keyIndex) }

    func isTooLarge(_ keyIndex: Int) -> Bool { segments.bytes(of: keyIndex) > maxBytesOfKey }

    func hasMore(_ keyIndex: Int) -> Bool { keysWithMore.contains(keyIndex) }

    /// A row of the key came that was read only to know that it is there.
    func noteMore(_ keyIndex: Int) { keysWithMore.insert(keyIndex) }

    func add(_ row: RowView, to keyIndex: Int) {
        guard !isTooLarge(keyIndex) else { return segments.addUnshown(to: keyIndex) }
        let start = arena.count
        if countsRows {
            if let digits = row[offset + columns[0]] { arena.append(digits) }
        } else {
            if segments.continues(keyIndex) { arena.separate() }
            encoder.encode(into: &arena, leavingOpen: !includeKeyColumns.isEmpty) {
                row[offset + columns[$0]]
            }
            for index in includeKeyColumns.indices {
                addIncludeKey(
                    includeKeyColumns[index], row[offset + columns[shownCount + index]], of: keyIndex)
            }
        }
        segments.add(start..<arena.count, to: keyIndex)
        memory.update(
            &countedBytes,
            to: arena.capacity + includeKeys.capacity * MemoryLayout<Scalar?>.stride + segments.byteCapacity)
    }

    private func addIncludeKey(_ column: Column, _ cell: UnsafeRawBufferPointer?, of keyIndex: Int) {
        let value = cell.flatMap { ReturnedKey.keyValue($0, as: column.type) }
        if cell != nil, value == nil { brokenIncludeKeys[keyIndex] = column }
        includeKeys.append(value)
    }

    /// Forgets the rows, after it has become clear that the batch is too large to be kept whole.
    func discard() {
        segments.removeAll()
        arena = ByteBuffer()
        includeKeys = []
        memory.update(&countedBytes, to: 0)
    }

    /// Writes `{"id":7,…},{"id":8,…}`, or nothing; a number where rows were counted.
    func write(rowsOf keyIndex: Int, to output: inout ByteBuffer) {
        segments.forEachSegment(of: keyIndex) { _, segment in
            output.separate()
            write(segment.range, to: &output)
        }
    }

    // With includes, every row is found by itself, as `{"id":7,"title":"Emma"` that is still open for them.
    // Without includes, rows of a key that came one after another are one here, closed and with commas
    // between them.

    /// The number of the key's first row; nil if it has none that is shown.
    func firstRow(of keyIndex: Int) -> Int? { segments.firstSegment(of: keyIndex) }

    /// The number of the key's next row.
    func row(after row: Int) -> Int? { segments.segment(after: row) }

    /// Where a row stands in the arena.
    func range(ofRow row: Int) -> Range<Int> { segments.range(ofSegment: row) }

    /// Writes a part of the arena.
    func write(_ range: Range<Int>, to output: inout ByteBuffer) {
        arena.withBytes { output.append(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// The key of an included relationship in a row; nil if a part of it is `NULL`.
    /// - Parameter indices: the key's columns, as indices into the projection's ``Projection/includeKeys``.
    func key(ofRow row: Int, columns indices: [Int]) -> Key? {
        let first = row * projection.includeKeys.count
        if indices.count == 1 { return includeKeys[first + indices[0]].map { .single($0) } }
        let parts = indices.compactMap { includeKeys[first + $0] }
        return parts.count == indices.count ? .composite(parts) : nil
    }
}
