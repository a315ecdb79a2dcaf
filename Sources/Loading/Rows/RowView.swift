/// The cells of one row where they lie in the driver's memory: valid until the driver is called again.
///
/// It is made of two arrays, as drivers of the text protocol have them, so that looking at a cell costs no
/// call.
package struct RowView {
    private let cells: UnsafePointer<UnsafeMutablePointer<CChar>?>
    private let lengths: UnsafePointer<UInt>
    private let count: Int

    /// - Parameters:
    ///   - cells: `count` pointers to the text of a column's value; nil for `NULL`.
    ///   - lengths: `count` lengths of these texts, in bytes.
    package init(
        cells: UnsafePointer<UnsafeMutablePointer<CChar>?>, lengths: UnsafePointer<UInt>, count: Int
    ) {
        self.cells = cells
        self.lengths = lengths
        self.count = count
    }

    @inline(__always)
    subscript(column: Int) -> UnsafeRawBufferPointer? {
        precondition(column >= 0 && column < count, "a row has no column \(column), only 0..<\(count)")
        guard let cell = cells[column] else { return nil }
        return UnsafeRawBufferPointer(start: cell, count: Int(lengths[column]))
    }
}
