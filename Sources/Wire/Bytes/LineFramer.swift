/// The bytes between two line feeds.
package enum Frame {
    /// A line without its `\n`, and without one `\r` before that. It never consists of blanks only. The
    /// pointer is valid only within the function that gets the frame.
    case line(UnsafeRawBufferPointer)
    /// A line that is longer than the limit, whose rest is dropped as it arrives.
    case tooLong
}

/// Cuts a stream of bytes into lines. It holds the bytes that were received and not yet handed out as lines.
/// If all lines are fetched before more is received, these are never more than the limit and the bytes
/// received last.
package struct LineFramer: ~Copyable {
    private var buffer = ByteBuffer()
    /// The greatest number of bytes of a line, without its end.
    package var limit: Int
    /// The number of bytes at the beginning of the buffer that are known to contain no `\n`.
    private var searched = 0
    /// Whether the rest of a line is being dropped.
    private var isSkipping = false

    /// The greatest number of bytes of memory that are kept for what is received next.
    private static let keptCapacity = 128 * 1024
    /// The greatest number of bytes of an unfinished line that are moved to memory of their own size.
    private static let smallRest = 16 * 1024

    package init(limit: Int) {
        self.limit = limit
    }

    /// Takes the memory of an empty buffer, unless there are bytes that were not yet handed out. One such
    /// buffer is enough for all connections: each takes it to receive, and gives it back. To allocate 64 KiB
    /// for each read and to free them was 670 of the 51,900 instructions of a load that is alone.
    package mutating func takeMemory(of spare: inout ByteBuffer) {
        if buffer.isEmpty { swap(&buffer, &spare) }
    }

    /// Gives its memory to an empty buffer, or frees it if that one has some. What has come of a line is
    /// moved to memory of its own size, or keeps the memory if it is much.
    package mutating func giveMemory(to spare: inout ByteBuffer) {
        guard buffer.count <= Self.smallRest, buffer.capacity > 2 * Self.smallRest else { return }
        var rest = ByteBuffer()
        buffer.withBytes { rest.append($0) }
        swap(&buffer, &rest)
        rest.removeAll(keepingCapacity: Self.keptCapacity)
        if spare.capacity == 0 { swap(&rest, &spare) }
    }

    /// Receives at most `n` bytes, as ``ByteBuffer/receive(upTo:_:)`` does.
    package mutating func receive(upTo n: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        buffer.receive(upTo: n, fill)
    }

    /// Calls `body` with the bytes that were received and not yet handed out.
    package borrowing func withPending<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        buffer.withBytes(body)
    }

    /// Hands the next line to `body`. (It is not generic over what `body` returns: that would cost callers in
    /// other modules more than finding the line.)
    /// - Returns: false if more has to be received first.
    package mutating func next(_ body: (Frame) -> Void) -> Bool {
        while let end = buffer.withBytes({ ByteScan.firstIndex(of: 0x0A, in: $0, from: searched) }) {
            searched = 0
            let isDelivered = !isSkipping && buffer.withBytes { deliver($0[..<end], to: body) }
            isSkipping = false
            buffer.removeFirst(end + 1)
            if isDelivered { return true }
        }
        searched = buffer.count
        guard discardIfTooLong() else { return false }
        body(.tooLong)
        return true
    }

    /// Whether the last line has ended and no other has begun. To be asked when all lines have been handed
    /// out.
    package var isBetweenLines: Bool { buffer.isEmpty && !isSkipping }

    /// Drops what has come of a line, and takes what comes next for the beginning of another.
    package mutating func discardAll() {
        isSkipping = false
        drop()
    }

    /// The bytes of memory that are held.
    package var capacity: Int { buffer.capacity }

    /// Drops what has come of a line that has not ended, and keeps the lines before it.
    package mutating func discardUnfinishedLine() {
        let ends = buffer.withBytes { $0.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0 }
        buffer.truncate(to: ends)
        searched = min(searched, ends)
        if ends == 0 { isSkipping = false }
    }

    /// Drops what has come of a line, and the rest of it as it arrives. It is to be called when all lines
    /// have been handed out.
    /// - Returns: whether a line had begun and was not being dropped already.
    package mutating func skipLine() -> Bool {
        guard !buffer.isEmpty, !isSkipping else { return false }
        isSkipping = true
        drop()
        return true
    }

    /// Hands the next line to `body` when the stream has ended: the bytes behind the last `\n` are a line
    /// too.
    /// - Returns: false if nothing is left.
    package mutating func finish(_ body: (Frame) -> Void) -> Bool {
        if next(body) { return true }
        let isDelivered = buffer.withBytes { deliver($0[...], to: body) }
        isSkipping = false
        drop()
        return isDelivered
    }

    /// Drops a line without an end if it is too long.
    /// - Returns: whether it has just become so.
    private mutating func discardIfTooLong() -> Bool {
        let tooLong = !isSkipping && buffer.withBytes { isTooLong($0) }
        if tooLong { isSkipping = true }
        if isSkipping || buffer.isEmpty { drop() }
        return tooLong
    }

    /// Whether the beginning of a line is longer than the limit, whatever follows. A `\r` may be part of the
    /// line's end.
    private borrowing func isTooLong(_ start: UnsafeRawBufferPointer) -> Bool {
        start.count > limit && !(start.count == limit + 1 && start[limit] == 0x0D)
    }

    private mutating func drop() {
        buffer.removeAll(keepingCapacity: Self.keptCapacity)
        searched = 0
    }

    private borrowing func deliver(_ bytes: Slice<UnsafeRawBufferPointer>, to body: (Frame) -> Void) -> Bool {
        guard let frame = frame(of: bytes) else { return false }
        body(frame)
        return true
    }

    /// The frame for the bytes of a line; nil if they are all blanks.
    private borrowing func frame(of bytes: Slice<UnsafeRawBufferPointer>) -> Frame? {
        let line = UnsafeRawBufferPointer(rebasing: bytes.last == 0x0D ? bytes.dropLast() : bytes)
        if line.count > limit { return .tooLong }
        let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        return isBlank ? nil : .line(line)
    }
}
