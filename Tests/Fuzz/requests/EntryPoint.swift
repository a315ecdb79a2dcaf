import Fuzzing

/// An input's first bytes say how the stream is cut and what the limits are; the rest is what a client sends.
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    var input = InputReader(UnsafeRawBufferPointer(start: start, count: count))
    let cut = StreamCut(&input)
    var reader = RequestReader(
        maxKeys: Int(input.byte() % 16), maxIncludeDepth: Int(input.byte() % 10),
        relationship: SampleRelationships.relationship(input.byte()))
    let stream = input.remainder()
    for frame in framed(stream, cut) { reader.check(frame) }
    return 0
}
