import Fuzzing
import Wire

/// How a stream is cut into pieces, and how long its lines may be.
struct StreamCut {
    let maxLineLength: Int
    /// The sizes of the pieces, which repeat.
    let sizes: [Int]

    init(_ input: inout InputReader) {
        maxLineLength = 1 << (input.byte() % 13)
        sizes = (0..<3).map { _ in 1 + Int(input.byte()) }
    }
}

enum FramedLine: Hashable {
    case line([UInt8])
    case tooLong

    init(_ frame: Frame) {
        switch frame {
        case .line(let bytes): self = .line(Array(bytes))
        case .tooLong: self = .tooLong
        }
    }
}

/// Returns the stream's lines, and checks that they are the same however it is cut.
func framed(_ stream: [UInt8], _ cut: StreamCut) -> [FramedLine] {
    let lines = lines(of: stream, cut)
    let expected = expectedLines(of: stream, maxLength: cut.maxLineLength)
    expect(lines == expected, "\(lines) instead of \(expected)")
    return lines
}

/// Returns the lines that LineFramer finds when it receives the stream piece by piece.
private func lines(of stream: [UInt8], _ cut: StreamCut) -> [FramedLine] {
    var framer = LineFramer(limit: cut.maxLineLength)
    var found: [FramedLine] = []
    var offset = 0
    var turn = 0
    while offset < stream.count {
        let piece = stream[offset...].prefix(cut.sizes[turn % cut.sizes.count])
        turn += 1
        offset += piece.count
        let received = framer.receive(upTo: piece.count) { space in
            space.copyBytes(from: piece)
            return piece.count
        }
        expect(received == piece.count, "the receipt was not told as it was")
        while framer.next({ found.append(FramedLine($0)) }) {}
        expect(framer.withPending(\.count) <= cut.maxLineLength + 1, "more is held than a line may have")
        expect(
            framer.isBetweenLines == (stream[offset - 1] == 0x0A),
            "a line's beginning is mistaken at \(offset)"
        )
    }
    _ = framer.finish { found.append(FramedLine($0)) }
    expect(framer.isBetweenLines, "something is left behind the end")
    return found
}

/// Returns the lines by the protocol's definition: lines end with `\n`, a `\r` before it is ignored, and so
/// is a line of blanks.
private func expectedLines(of stream: [UInt8], maxLength: Int) -> [FramedLine] {
    stream.split(separator: 0x0A, omittingEmptySubsequences: false).compactMap { text in
        let line = text.last == 0x0D ? text.dropLast() : text
        if line.count > maxLength { return .tooLong }
        return line.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } ? nil : .line(Array(line))
    }
}
