import Relations
import TestSupport
import Testing
import Wire

/// The frames of a stream, as text.
private func frames(_ stream: [UInt8], limit: Int, pieces: (Int) -> Int) -> [String] {
    var framer = LineFramer(limit: limit)
    var result: [String] = []
    func text(_ frame: Frame) -> String {
        switch frame {
        case .line(let bytes): String(decoding: bytes, as: UTF8.self)
        case .tooLong: "TOO LONG"
        }
    }
    var at = 0
    while at < stream.count {
        let piece = stream[at..<min(stream.count, at + max(1, pieces(at)))]
        _ = framer.receive(upTo: piece.count) { room in
            room.copyBytes(from: piece)
            return piece.count
        }
        at += piece.count
        while framer.next({ result.append(text($0)) }) {}
        #expect(framer.withPending { $0.count } <= limit + 1, "more is kept than a line may be long")
    }
    while framer.finish({ result.append(text($0)) }) {}
    return result
}

private func frames(_ stream: String, limit: Int = 10) -> [String] {
    frames(Array(stream.utf8), limit: limit) { _ in .max / 2 }
}

struct LineFramerTests {
    @Test func `lines come without their end and without one carriage return before it`() {
        #expect(frames("a\nb\r\nc\r\r\n") == ["a", "b", "c\r"])
    }

    @Test func `lines of blanks are skipped`() {
        #expect(frames("\n\r\n  \t\n\r\r\n a\n   ") == [" a"])
    }

    @Test func `at the end of the stream, the bytes behind the last line feed are a line`() {
        #expect(frames("a\nb") == ["a", "b"])
        #expect(frames("a\nb\r") == ["a", "b"])
        #expect(frames("") == [])
    }

    @Test func `a line exactly as long as the limit is accepted`() {
        #expect(frames("0123456789\n0123456789\r\n0123456789") == ["0123456789", "0123456789", "0123456789"])
    }

    @Test func `a line over the limit is reported once, and those after it are lines`() {
        let long = String(repeating: "x", count: 1000)
        #expect(frames("a\n01234567890\nb\n\(long)\r\nc") == ["a", "TOO LONG", "b", "TOO LONG", "c"])
        #expect(frames("a\n\(long)") == ["a", "TOO LONG"])
        #expect(frames("0123456789\rx\na") == ["TOO LONG", "a"])
    }

    @Test func `a line that is too long is reported before it ends`() {
        var framer = LineFramer(limit: 4)
        _ = framer.receive(upTo: 5) { room in
            room.copyBytes(from: "abcde".utf8)
            return 5
        }
        var isTooLong = false
        let isThere = framer.next { if case .tooLong = $0 { isTooLong = true } }
        #expect(isThere && isTooLong)
        #expect(framer.withPending { $0.count } == 0)
    }

    private func framer(_ text: String, limit: Int = 10) -> LineFramer {
        var framer = LineFramer(limit: limit)
        receive(text, &framer)
        return framer
    }

    private func receive(_ text: String, _ framer: inout LineFramer) {
        _ = framer.receive(upTo: text.utf8.count) { room in
            room.copyBytes(from: text.utf8)
            return text.utf8.count
        }
    }

    private func rest(_ framer: consuming LineFramer) -> [String] {
        var found: [String] = []
        while framer.finish({
            if case .line(let bytes) = $0 { found.append(String(decoding: bytes, as: UTF8.self)) }
        }) {}
        return found
    }

    @Test func `the beginning of a line can be dropped while whole lines before it are kept`() {
        var first = framer("a\nb\nc")
        first.discardUnfinishedLine()
        #expect(rest(first) == ["a", "b"])
        var second = framer("c")
        second.discardUnfinishedLine()
        receive("d\n", &second)
        #expect(rest(second) == ["d"])
        var skipping = framer("01234567890")
        _ = skipping.next { _ in }
        receive("x\ny\nz", &skipping)
        skipping.discardUnfinishedLine()
        #expect(rest(skipping) == ["y"])
    }

    @Test func `a line can be skipped before it ends, but only once`() {
        var framer = framer("abc")
        let wasThere = framer.skipLine()
        receive("def", &framer)
        let isMore = framer.next { _ in }
        let isThere = framer.skipLine()
        #expect(wasThere && !isMore && !isThere)
        receive("g\nnext\n", &framer)
        #expect(rest(framer) == ["next"])
    }

    @Test(arguments: UInt64(0)..<300)
    func `the pieces in which a stream arrives do not matter`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("ab \r\n\n".utf8)
        let stream = (0..<Int.random(in: 0...400, using: &random)).flatMap { _ in
            let run = Int.random(in: 0..<20, using: &random) == 0 ? Int.random(in: 1...40, using: &random) : 1
            return [UInt8](repeating: alphabet.randomElement(using: &random) ?? 0, count: run)
        }
        let most = Int.random(in: 1...30, using: &random)
        let whole = frames(stream, limit: 12) { _ in stream.count }
        let split = frames(stream, limit: 12) { _ in Int.random(in: 1...most, using: &random) }
        #expect(whole == split, "seed \(seed)")
        #expect(whole == reference(stream, limit: 12), "seed \(seed)")
    }

    /// The frames of a stream, found by the plainest means.
    private func reference(_ stream: [UInt8], limit: Int) -> [String] {
        stream.split(separator: 0x0A).compactMap { line in
            let line = line.last == 0x0D ? line.dropLast() : line
            if line.count > limit { return "TOO LONG" }
            return line.allSatisfy { [0x20, 0x0D].contains($0) } ? nil : String(decoding: line, as: UTF8.self)
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n", ForeignProtocol.http), ("PRI * HTTP/2.0\r\n", .http), ("OPTIONS * ", .http),
        ("\u{16}\u{3}\u{1}", .tls),
    ])
    func `other protocols are recognised`(start: String, expected: ForeignProtocol) {
        #expect(Array(start.utf8).withUnsafeBytes { ForeignProtocol.detect($0) } == expected)
        #expect(expected.failure.code == .badJSON)
    }

    @Test(arguments: ["", "{", "GET", "GETX /", "{\"op\":\"GET \"}", "\u{16}"])
    func `our own lines are not taken for another protocol`(start: String) {
        #expect(Array(start.utf8).withUnsafeBytes { ForeignProtocol.detect($0) } == nil)
    }

    @Test func `one buffer serves framers that are between lines, and bytes stay with their framer`() {
        var spare = ByteBuffer()
        var first = LineFramer(limit: 10)
        var second = LineFramer(limit: 10)
        func receive(_ text: String, _ framer: inout LineFramer) -> [String] {
            framer.takeMemory(of: &spare)
            _ = framer.receive(upTo: 1 << 16) { room in
                room.copyBytes(from: text.utf8)
                return text.utf8.count
            }
            var lines: [String] = []
            while framer.next({
                if case .line(let bytes) = $0 { lines.append(String(decoding: bytes, as: UTF8.self)) }
            }) {}
            framer.giveMemory(to: &spare)
            return lines
        }
        #expect(receive("a\n", &first) == ["a"])
        #expect(first.capacity == 0 && spare.capacity == 1 << 16)
        #expect(receive("b", &first) == [])
        #expect((1...32_768).contains(first.capacity) && spare.capacity == 1 << 16)
        #expect(receive("c\nd\n", &second) == ["c", "d"])
        #expect(second.capacity == 0 && spare.capacity == 1 << 16)
        // What is not needed twice is freed.
        #expect(receive("e\n", &first) == ["be"])
        #expect(first.capacity == 0 && spare.capacity == 1 << 16 && spare.isEmpty)
    }

    @Test func `memory that a long line took is given back to the system, not to the next connection`() {
        var spare = ByteBuffer()
        var framer = LineFramer(limit: 1 << 20)
        framer.takeMemory(of: &spare)
        let line = Array(repeating: UInt8(ascii: "x"), count: 1 << 19) + [0x0A]
        _ = framer.receive(upTo: line.count) { room in
            room.copyBytes(from: line)
            return line.count
        }
        #expect(framer.next { _ in })
        // Nobody has asked whether there is another line.
        framer.giveMemory(to: &spare)
        #expect(framer.capacity == 0 && spare.capacity == 0)
        // Many bytes of a line that has not ended stay where they are.
        _ = framer.receive(upTo: 1 << 16) { _ in 20_000 }
        framer.giveMemory(to: &spare)
        #expect(framer.withPending { $0.count } == 20_000 && spare.capacity == 0)
    }
}
