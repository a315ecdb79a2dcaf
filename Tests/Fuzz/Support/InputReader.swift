/// Reads a fuzzer's input from the front. After its end everything is zero, so that every input is valid.
package struct InputReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    package init(_ input: UnsafeRawBufferPointer) {
        rest = input[...]
    }

    package var isAtEnd: Bool { rest.isEmpty }

    package mutating func byte() -> UInt8 {
        rest.popFirst() ?? 0
    }

    /// Reads two bytes, the low one first.
    package mutating func word() -> Int {
        Int(byte()) | Int(byte()) << 8
    }

    /// Reads so many bytes, or as many as are left.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return taken
    }

    package mutating func remainder() -> [UInt8] {
        bytes(rest.count)
    }
}
