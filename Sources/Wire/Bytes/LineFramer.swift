/// What stands between two line feeds.
package enum Frame {
    /// Without its `\n`, and without one `\r` before that. Never blanks only. Valid while the frame is looked at.
    case line(UnsafeRawBufferPointer)
    /// A line over the limit. The rest of it is dropped as it arrives.
    case tooLong
}

/// Cuts a stream into lines. It holds what was received and not yet taken, so take all lines before receiving more:
/// then it never holds more than the limit and one receipt.
package struct LineFramer: ~Copyable {
    private var buffer = ByteBuffer()
    /// The longest line, in bytes without its end.
    package var limit: Int
    /// So many bytes at the buffer's start are known to have no `\n`.
    private var searched = 0
    /// Inside a line that was already reported as too long.
    private var skipping = false

    /// An idle connection keeps this much memory at most, in bytes.
    private static let idleCapacity = 16 * 1024

    package init(limit: Int) {
        self.limit = limit
    }

    /// As ``ByteBuffer/receive(upTo:_:)``.
    package mutating func receive(upTo n: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        buffer.receive(upTo: n, fill)
    }

    /// What was received and not yet taken.
    package borrowing func withPending<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        buffer.withBytes(body)
    }

    /// Hands the next line to `body`; false if more has to be received first. (Not generic over what `body` returns:
    /// for callers in other modules that would cost more than finding the line.)
    package mutating func next(_ body: (Frame) -> Void) -> Bool {
        while let end = buffer.withBytes({ ByteScan.firstIndex(of: 0x0A, in: $0, from: searched) }) {
            searched = 0
            let isDelivered = !skipping && buffer.withBytes { deliver($0[..<end], to: body) }
            skipping = false
            buffer.removeFirst(end + 1)
            if isDelivered { return true }
        }
        searched = buffer.count
        guard overflow() else { return false }
        body(.tooLong)
        return true
    }

    /// Whether nothing of a line is there whose end is still to come. To be asked when all lines are taken.
    package var isBetweenLines: Bool { buffer.isEmpty && !skipping }

    /// Forgets what has come of a line.
    package mutating func abandonLine() {
        skipping = false
        drop()
    }

    /// Bytes of memory held.
    package var capacity: Int { buffer.capacity }

    /// Forgets what has come of a line that has not ended, behind those that have.
    package mutating func abandonPart() {
        let ends = buffer.withBytes { $0.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0 }
        buffer.truncate(to: ends)
        searched = min(searched, ends)
        if ends == 0 { skipping = false }
    }

    /// Drops what has come of a line, and the rest of it as it arrives. To be asked when all lines are taken.
    /// - Returns: whether there was such a line, that had not been dropped already.
    package mutating func skipLine() -> Bool {
        guard !buffer.isEmpty, !skipping else { return false }
        skipping = true
        drop()
        return true
    }

    /// The stream has ended: what stands after the last `\n` is a line too. False if nothing is left.
    package mutating func finish(_ body: (Frame) -> Void) -> Bool {
        if next(body) { return true }
        let isDelivered = buffer.withBytes { deliver($0[...], to: body) }
        skipping = false
        drop()
        return isDelivered
    }

    /// Deals with a line that has no end yet; true if it has just become too long.
    private mutating func overflow() -> Bool {
        let tooLong = !skipping && buffer.withBytes { isTooLong($0) }
        if tooLong { skipping = true }
        if skipping || buffer.isEmpty { drop() }
        return tooLong
    }

    /// Whether the start of a line is over the limit whatever follows it: a `\r` may be part of its end.
    private borrowing func isTooLong(_ start: UnsafeRawBufferPointer) -> Bool {
        start.count > limit && !(start.count == limit + 1 && start[limit] == 0x0D)
    }

    private mutating func drop() {
        buffer.removeAll(keepingCapacity: Self.idleCapacity)
        searched = 0
    }

    private borrowing func deliver(_ bytes: Slice<UnsafeRawBufferPointer>, to body: (Frame) -> Void) -> Bool {
        guard let frame = frame(of: bytes) else { return false }
        body(frame)
        return true
    }

    /// nil for a line of blanks.
    private borrowing func frame(of bytes: Slice<UnsafeRawBufferPointer>) -> Frame? {
        let line = UnsafeRawBufferPointer(rebasing: bytes.last == 0x0D ? bytes.dropLast() : bytes)
        if line.count > limit { return .tooLong }
        let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        return isBlank ? nil : .line(line)
    }
}
