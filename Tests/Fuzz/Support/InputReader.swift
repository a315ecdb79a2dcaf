/// Takes a fuzzer's input apart from its front. Behind its end everything is zero, so that every input means something.
package struct InputReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    package init(_ input: UnsafeRawBufferPointer) {
        rest = input[...]
    }

    package var isAtEnd: Bool { rest.isEmpty }

    package mutating func byte() -> UInt8 {
        rest.popFirst() ?? 0
    }

    /// The low byte first.
    package mutating func word() -> Int {
        Int(byte()) | Int(byte()) << 8
    }

    /// As many as there are, at most.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return taken
    }

    package mutating func remainder() -> [UInt8] {
        bytes(rest.count)
    }
}
