import TestSupport
import Testing
import Wire

struct ByteBufferTests {
    @Test(arguments: UInt64(0)..<100)
    func `a buffer does what an array does`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var buffer = ByteBuffer()
        var model: [UInt8] = []
        for _ in 0..<200 {
            let n = Int.random(in: 0...700, using: &random)
            let bytes = (0..<n).map { _ in UInt8.random(in: 0...255, using: &random) }
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1:
                buffer.append(bytes)
                model += bytes
            case 2:
                let filled = buffer.receive(upTo: n + 9) { room in
                    room.copyBytes(from: bytes)
                    return n
                }
                #expect(filled == n)
                model += bytes
            case 3, 4:
                let dropped = min(2 * n, model.count)
                buffer.removeFirst(dropped)
                model.removeFirst(dropped)
            case 5:
                let kept = max(0, model.count - n / 4)
                buffer.truncate(to: kept)
                model.removeLast(model.count - kept)
            case 6:
                buffer.append(byte: UInt8(n & 0xFF))
                model.append(UInt8(n & 0xFF))
            default:
                if n < 30 {
                    buffer.removeAll(keepingCapacity: n)
                    model = []
                }
            }
            #expect(buffer.withBytes { $0.elementsEqual(model) }, "seed \(seed)")
            #expect(buffer.count == model.count)
        }
    }

    @Test func `a failed read changes nothing and its result is returned`() {
        var buffer = ByteBuffer()
        buffer.append("abc")
        #expect(buffer.receive(upTo: 100) { _ in -1 } == -1)
        #expect(buffer.receive(upTo: 100) { _ in 0 } == 0)
        #expect(buffer.withBytes { String(decoding: $0, as: UTF8.self) } == "abc")
    }

    @Test func `a buffer that is consumed as fast as it is filled does not grow`() {
        var buffer = ByteBuffer()
        let piece = [UInt8](repeating: 7, count: 1000)
        buffer.append(piece)
        for _ in 0..<10_000 {
            buffer.append(piece)
            buffer.removeFirst(1000)
        }
        #expect(buffer.count == 1000)
        #expect(buffer.capacity <= 8000)
    }

    @Test func `emptying a buffer gives back memory beyond the size that is kept`() {
        var buffer = ByteBuffer()
        buffer.reserve(5000)
        buffer.removeAll(keepingCapacity: 5000)
        #expect(buffer.capacity >= 5000)
        buffer.reserve(50_000)
        buffer.removeAll(keepingCapacity: 5000)
        #expect(buffer.capacity == 0)
    }

    @Test func `integers of all lengths are written in decimal digits`() {
        let values: [Int64] = [0, 9, 10, -1, 99, 100, 12_345, .max, .min]
        for value in values { #expect(writtenText { $0.append(decimal: value) } == "\(value)") }
        #expect(writtenText { $0.append(decimal: UInt64.max) } == "18446744073709551615")
    }

    @Test(arguments: ["", "abc"]) func `moving another buffer's bytes leaves that one empty`(before: String) {
        var buffer = ByteBuffer()
        var other = ByteBuffer()
        buffer.append(Array(before.utf8))
        other.append(Array("xde".utf8))
        other.removeFirst(1)
        buffer.append(moving: &other)
        #expect(buffer.withBytes { Array($0) } == Array("\(before)de".utf8))
        #expect(other.isEmpty && other.capacity == 0)
    }
}
