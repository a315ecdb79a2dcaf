/// The cells of a row as a connection holds them: the server's text, one cell after another.
struct CellText {
    private let text: [UInt8]
    /// Where each cell is in the text; nil for `NULL`.
    private let ranges: [Range<Int>?]

    init(_ cells: [String?]) {
        var text: [UInt8] = []
        ranges = cells.map { cell in
            guard let cell else { return nil }
            text += cell.utf8
            return text.count - cell.utf8.count..<text.count
        }
        self.text = text
    }

    var count: Int { ranges.count }

    /// The bytes are valid inside `body` only.
    @inline(__always)
    func withCells<R>(_ body: ((Int) -> UnsafeRawBufferPointer?) -> R) -> R {
        text.withUnsafeBytes { text in
            body { place in ranges[place].map { UnsafeRawBufferPointer(rebasing: text[$0]) } }
        }
    }
}
