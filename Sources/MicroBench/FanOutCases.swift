import FanOut
import Relations
import Wire

/// From the rows of a result to the keys that they belong to, and from these keys' rows to replies.
extension Case {
    static let fanOut = [
        Case(
            name: "fan-out/integers", unit: "row of 1000", unitsPerIteration: rowCount,
            ceiling: Cost(instructions: 640, allocations: 0.04)
        ) { iterations in
            let keys = (0..<keyCount).map { Key.single(.integer(number(of: $0))) }
            let cells = CellText((0..<rowCount).map { "\(number(of: $0 / rowsPerKey))" })
            return fanOut(keys, .values([integer]), iterations: iterations) { attribution, row in
                cells.withCells { cell in attribution.keyIndex { _ in cell(row) } }
            }
        },
        Case(
            name: "fan-out/pairs", unit: "row of 1000", unitsPerIteration: rowCount,
            ceiling: Cost(instructions: 2_250, allocations: 2.32)
        ) { iterations in
            let keys = (0..<keyCount).map { Key.composite([.integer(2026), .integer(number(of: $0))]) }
            let cells = CellText((0..<rowCount).flatMap { ["2026", "\(number(of: $0 / rowsPerKey))"] })
            return fanOut(keys, .values([integer, integer]), iterations: iterations) { attribution, row in
                cells.withCells { cell in attribution.keyIndex { cell(2 * row + $0) } }
            }
        },
    ]

    private static let keyCount = 100
    private static let rowsPerKey = 10
    private static let rowCount = keyCount * rowsPerKey

    private static let integer = ColumnType.integer(bits: 32, signed: true, zerofill: false)

    private static func number(of place: Int) -> Int64 { Int64(place) * 7919 }

    /// The rows are encoded already, because encoding has cases of its own.
    @inline(__always)
    private static func fanOut(
        _ keys: [Key], _ attribution: Attribution, iterations: Int,
        placeOfRow: (RowAttribution, _ row: Int) -> Int?
    ) -> Int {
        let encoded = Array(#"{"id":1048577,"title":"Emma","pages":352,"language":"en"}"#.utf8)
        var output = ByteBuffer()
        var total = 0
        for _ in 0..<iterations {
            let rows = RowAttribution(keys, attribution, leading: 2, shown: [])
            let segments = RowSegments(keys: keys.count)
            var arena = ByteBuffer()
            for row in 0..<rowCount {
                guard let place = placeOfRow(rows, row) else { continue }
                let start = arena.count
                if segments.continues(place) { arena.append(byte: UInt8(ascii: ",")) }
                arena.append(encoded)
                segments.add(start..<arena.count, to: place)
            }
            output.truncate(to: 0)
            for key in keys.indices { write(rowsOf: key, segments, arena, to: &output) }
            total += output.count
        }
        return total
    }

    private static func write(
        rowsOf keyIndex: Int, _ segments: RowSegments, _ arena: borrowing ByteBuffer,
        to output: inout ByteBuffer
    ) {
        ReplyEncoder.open(RequestID(Int64(keyIndex)), member: "rows", into: &output)
        output.append("[")
        arena.withBytes { rows in
            segments.forEachSegment(of: keyIndex) { _, segment in
                output.append(UnsafeRawBufferPointer(rebasing: rows[segment.range]))
            }
        }
        output.append("]")
        ReplyEncoder.close(into: &output)
    }
}
