import Wire

/// From the server's text of a row to JSON.
extension Case {
    static let encode = [
        Case(
            name: "encode/mixed", unit: "row", unitsPerIteration: 1,
            ceiling: Cost(instructions: 1_960, allocations: 0.01)
        ) { encode(mixed, iterations: $0) },
        Case(
            name: "encode/short", unit: "row", unitsPerIteration: 1,
            ceiling: Cost(instructions: 1_130, allocations: 0.01)
        ) { encode(short, iterations: $0) },
    ]

    private typealias Cell = (name: String, format: ValueFormat, text: String?)

    /// About 160 bytes of JSON.
    private static let mixed: [Cell] = [
        ("id", .integer(quotesBig: false), "1048577"),
        ("title", .text, "The Posthumous Memoirs of the Pickwick Club"),
        ("blurb", .text, #"she said "no" twice"#),
        ("price", .text, "1249.50"),
        ("published", .datetime, "2026-11-22 10:39:00"),
        ("withdrawn", .datetime, nil),
    ]

    private static let short: [Cell] = [
        ("id", .integer(quotesBig: false), "1048577"),
        ("author_id", .integer(quotesBig: false), "4711"),
        ("language", .text, "en"),
        ("pages", .integer(quotesBig: false), "352"),
        ("rank", .integer(quotesBig: false), "-3"),
    ]

    private static func encode(_ row: [Cell], iterations: Int) -> Int {
        let encoder = RowEncoder(columns: row.map { ($0.name, $0.format) })
        let cells = CellText(row.map(\.text))
        var output = ByteBuffer()
        var total = 0
        for _ in 0..<iterations {
            output.truncate(to: 0)
            cells.withCells { cell in encoder.encode(into: &output) { cell($0) } }
            total += output.count
        }
        return total
    }
}
