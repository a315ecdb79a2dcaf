import Relations

/// What surrounds the answer to a load of one key: `{"id":7,"rows":[` and `]}` with the line's end.
package struct AnswerForm: Sendable {
    /// What stands behind the id.
    private let opening: [UInt8]
    /// What stands in the place of the rows if there are none.
    private let nothing: [UInt8]
    private let ending: [UInt8]

    private init(_ opening: String, nothing: String, _ ending: String) {
        self.opening = Array(opening.utf8)
        self.nothing = Array(nothing.utf8)
        self.ending = Array((ending + "\n").utf8)
    }

    /// `{"id":7,"rows":[{…},{…}]}`
    package static let rows = AnswerForm(#","rows":["#, nothing: "", "]}")
    /// `{"id":7,"row":{…}}`, `{"id":7,"row":null}`
    package static let row = AnswerForm(#","row":"#, nothing: "null", "}")
    /// `{"id":7,"count":8}`
    package static let count = AnswerForm(#","count":"#, nothing: "0", "}")

    package func open(_ id: RequestID?, into buffer: inout ByteBuffer) {
        guard let id else {
            buffer.append(byte: UInt8(ascii: "{"))
            return buffer.append(Array(opening.dropFirst()))
        }
        buffer.append("{\"id\":")
        id.write(into: &buffer)
        buffer.append(opening)
    }

    package func writeNothing(into buffer: inout ByteBuffer) { buffer.append(nothing) }

    package func close(into buffer: inout ByteBuffer) { buffer.append(ending) }
}
