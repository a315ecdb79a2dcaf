/// The values of one row as they lie in libmariadb's buffer: valid until the connection's next call.
package struct Row {
    package let values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    package let lengths: UnsafePointer<UInt>
    /// The number of columns.
    package let count: Int

    init(
        values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, lengths: UnsafePointer<UInt>, count: Int
    ) {
        self.values = values
        self.lengths = lengths
        self.count = count
    }

    /// Bytes of all values together.
    package var byteCount: Int { (0..<count).reduce(0) { $0 + Int(lengths[$1]) } }

    /// A value's bytes in the text protocol; `nil` for NULL. Every value is followed by a zero byte that does
    /// not count.
    package subscript(column: Int) -> UnsafeRawBufferPointer? {
        precondition(column >= 0 && column < count, "a row has no column \(column), only 0..<\(count)")
        guard let value = values[column] else { return nil }
        return UnsafeRawBufferPointer(start: value, count: Int(lengths[column]))
    }
}
