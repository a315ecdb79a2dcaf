import Fuzzing
import Wire

/// How a stream arrives, and how long its lines may be.
struct Cut {
    let longestLine: Int
    /// The sizes of the pieces, over and over.
    let sizes: [Int]

    init(_ input: inout InputReader) {
        longestLine = 1 << (input.byte() % 13)
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

/// The stream's lines, which must be the same however it is cut.
func framed(_ stream: [UInt8], _ cut: Cut) -> [FramedLine] {
    let lines = lines(of: stream, cut)
    let expected = expectedLines(of: stream, longest: cut.longestLine)
    expect(lines == expected, "\(lines) instead of \(expected)")
    return lines
}

/// What the framer makes of it, piece by piece.
private func lines(of stream: [UInt8], _ cut: Cut) -> [FramedLine] {
    var framer = LineFramer(limit: cut.longestLine)
    var found: [FramedLine] = []
    var place = 0
    var turn = 0
    while place < stream.count {
        let piece = stream[place...].prefix(cut.sizes[turn % cut.sizes.count])
        turn += 1
        place += piece.count
        let received = framer.receive(upTo: piece.count) { space in
            space.copyBytes(from: piece)
            return piece.count
        }
        expect(received == piece.count, "the receipt was not told as it was")
        while framer.next({ found.append(FramedLine($0)) }) {}
        expect(framer.withPending(\.count) <= cut.longestLine + 1, "more is held than a line may have")
        expect(
            framer.isBetweenLines == (stream[place - 1] == 0x0A), "a line's beginning is mistaken at \(place)"
        )
    }
    _ = framer.finish { found.append(FramedLine($0)) }
    expect(framer.isBetweenLines, "something is left behind the end")
    return found
}

/// The same by the protocol's words: lines end with `\n`, a `\r` before it is ignored, and so is a line of blanks.
private func expectedLines(of stream: [UInt8], longest: Int) -> [FramedLine] {
    stream.split(separator: 0x0A, omittingEmptySubsequences: false).compactMap { text in
        let line = text.last == 0x0D ? text.dropLast() : text
        if line.count > longest { return .tooLong }
        return line.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } ? nil : .line(Array(line))
    }
}
