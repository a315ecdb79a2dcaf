/// Writes rows of one shape as JSON objects: `{"id":7,"title":"Emma"}`.
package final class RowEncoder: Sendable {
    private struct Column {
        /// Where `,"name":` ends in `prefixes`; it begins where the one before ends.
        let prefixEnd: Int
        let format: ValueFormat
    }

    /// `{"id":,"title":`
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
        if columns.isEmpty { text.beginObject() }
        prefixes = text.withBytes { Array($0) }
        self.columns = ends
    }

    /// Writes what stands between two rows of one list.
    @inline(__always)
    package static func separate(into buffer: inout ByteBuffer) {
        buffer.append(byte: UInt8(ascii: ","))
    }

    /// - Parameter cell: the server's text for a column, given by its place; nil for `NULL`. Each place is asked for
    ///   once, in order, and the bytes are used before the next is.
    /// - Parameter leavingOpen: whether the last brace is left out, so that members can follow.
    package func encode(
        into buffer: inout ByteBuffer, leavingOpen: Bool = false, cell: (Int) -> UnsafeRawBufferPointer?
    ) {
        prefixes.withUnsafeBytes { prefixes in
            if columns.isEmpty { buffer.append(prefixes) }
            var start = 0
            for index in columns.indices {
                let column = columns[index]
                buffer.append(UnsafeRawBufferPointer(rebasing: prefixes[start..<column.prefixEnd]))
                start = column.prefixEnd
                if let bytes = cell(index) {
                    buffer.append(bytes, as: column.format)
                } else {
                    buffer.append("null")
                }
            }
        }
        if !leavingOpen { buffer.append(byte: UInt8(ascii: "}")) }
    }
}
