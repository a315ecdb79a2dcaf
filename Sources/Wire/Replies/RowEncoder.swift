/// Writes rows with the same columns as JSON objects: `{"id":7,"title":"Emma"}`.
package final class RowEncoder: Sendable {
    private struct Column {
        /// Where the column's `,"name":` ends in `prefixes`; it begins where that of the column before ends.
        let prefixEnd: Int
        let format: ValueFormat
    }

    /// The bytes before each value, one after another: `{"id":,"title":`, and then as many more as a copy of
    /// whole words may read.
    private let prefixes: [UInt8]
    private let columns: [Column]

    package init(columns: [(name: String, format: ValueFormat)]) {
        var text = ByteBuffer()
        var ends: [Column] = []
        for (name, format) in columns {
            // The values stand between them later, so that every name but the first needs its comma.
            text.append(byte: UInt8(ascii: ends.isEmpty ? "{" : ","))
            text.append(jsonString: name)
            text.append(byte: UInt8(ascii: ":"))
            ends.append(Column(prefixEnd: text.count, format: format))
        }
        prefixes = text.withBytes { Array($0) } + [UInt8](repeating: 0, count: 8)
        self.columns = ends
    }

    /// Writes what stands between two rows of one list.
    @inline(__always)
    package static func separate(into buffer: inout ByteBuffer) {
        buffer.append(byte: UInt8(ascii: ","))
    }

    /// Writes one row.
    /// - Parameters:
    ///   - leavingOpen: whether the last brace is left out, so that members can follow.
    ///   - cell: gives the server's text for the column at an index; nil for `NULL`. It is called once for
    ///     each column, in order, and the bytes are used before the next call.
    package func encode(
        into buffer: inout ByteBuffer, leavingOpen: Bool = false, cell: (Int) -> UnsafeRawBufferPointer?
    ) {
        prefixes.withUnsafeBytes { prefixes in
            if columns.isEmpty { buffer.append(byte: UInt8(ascii: "{")) }
            var start = 0
            for index in columns.indices {
                let column = columns[index]
                let prefix = UnsafeRawBufferPointer(rebasing: prefixes[start..<column.prefixEnd])
                start = column.prefixEnd
                if let bytes = cell(index) {
                    buffer.append(padded: prefix, bytes, as: column.format)
                } else {
                    buffer.append(prefix)
                    buffer.append("null")
                }
            }
        }
        if !leavingOpen { buffer.append(byte: UInt8(ascii: "}")) }
    }
}
