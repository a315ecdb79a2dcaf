import Fuzzing

/// How the stream is cut and what the limits are stands in an input's first bytes, behind them what a
/// client sends.
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    var input = InputReader(UnsafeRawBufferPointer(start: start, count: count))
    let cut = Cut(&input)
    var reader = RequestReader(
        maxKeys: Int(input.byte() % 16), includeDepth: Int(input.byte() % 10),
        relationship: Shelf.relationship(input.byte()))
    let stream = input.remainder()
    for frame in framed(stream, cut) { reader.check(frame) }
    return 0
}
