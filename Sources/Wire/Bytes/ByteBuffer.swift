import Glibc
import Relations

/// A growable run of raw bytes that is filled at its end and consumed from its start: bytes that were read
/// from a socket or wait to be written to one, or the rows of a result.
///
/// It is the only place in the pure rooms that uses C, for `realloc` alone: that moves the pages of a large
/// block instead of copying the bytes in it (malloc(3)), which Swift's own buffers cannot do.
package struct ByteBuffer: ~Copyable {
    private var storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// The live bytes are `start..<end` of `storage`.
    private var start = 0
    private var end = 0

    private static let minCapacity = 256

    package init() {}

    deinit { free(storage.baseAddress) }

    /// The number of bytes that were written and not consumed.
    package var count: Int { end - start }
    package var isEmpty: Bool { start == end }
    /// The bytes of memory that are held, whether they are in use or not.
    package var capacity: Int { storage.count }

    /// The newest byte; nil if the buffer is empty.
    @inline(__always)
    var lastByte: UInt8? { isEmpty ? nil : storage[end - 1] }

    /// Calls `body` with all bytes. The pointer is valid within `body` only.
    package borrowing func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        body(UnsafeRawBufferPointer(rebasing: storage[start..<end]))
    }
}

// MARK: Filling

extension ByteBuffer {
    /// Appends a copy of the bytes.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        write(atMost: bytes.count) { target in
            target.copyMemory(from: source, byteCount: bytes.count)
            return bytes.count
        }
    }

    /// Moves all bytes of another buffer to the end, without copying them if this buffer is empty.
    package mutating func append(moving other: inout ByteBuffer) {
        if isEmpty {
            swap(&self, &other)
        } else {
            other.withBytes { append($0) }
        }
        other.removeAll(keepingCapacity: 0)
    }

    /// Appends the UTF-8 of a text as it is, without quotes.
    package mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a copy of the bytes.
    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends one byte.
    @inline(__always)
    package mutating func append(byte: UInt8) {
        write(atMost: 1) { target in
            target.storeBytes(of: byte, as: UInt8.self)
            return 1
        }
    }

    /// Appends an integer in decimal digits: `-42`.
    package mutating func append(decimal value: Int64) {
        if value < 0 { append(byte: UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// Appends an integer in decimal digits: `42`.
    package mutating func append(decimal value: UInt64) {
        // They come from the last to the first, and are moved to the front when it is known how many they
        // are.
        write(atMost: DecimalDigits.maxCount) { target in
            let end = target + DecimalDigits.maxCount
            let count = DecimalDigits.write(value, endingAt: end)
            target.copyMemory(from: end - count, byteCount: count)
            return count
        }
    }

    /// Has `fill` write at most `n` bytes at the end, as `read(2)` does.
    /// - Returns: what `fill` returns, which is the number of bytes that it wrote, or a negative number for
    ///   an error.
    package mutating func receive(upTo n: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        reserve(n)
        let filled = fill(UnsafeMutableRawBufferPointer(rebasing: storage[end..<(end + n)]))
        precondition(filled <= n, "more bytes were received than there was room for")
        end += max(0, filled)
        return filled
    }

    /// Has `body` write at most `n` bytes at the end: without a copy, and with one check of the room for all
    /// that a value may need.
    /// - Parameter body: returns the number of bytes that it wrote.
    @inline(__always)
    mutating func write(atMost n: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        if storage.count - end < n { reserve(n) }
        guard let base = storage.baseAddress else { return }
        end += body(base + end)
        assert(end <= storage.count)
    }

    /// Makes room for `n` more bytes.
    package mutating func reserve(_ n: Int) {
        guard storage.count - end < n else { return }
        let live = count
        // The bytes that were consumed before pay for moving: none is moved again before others have left.
        if start >= live, live + n <= storage.count {
            moveToFront()
        } else {
            if start > 0 { moveToFront() }
            grow(to: max(live + n, 2 * storage.count, Self.minCapacity))
        }
    }

    private mutating func moveToFront() {
        let live = count
        if live > 0, let base = storage.baseAddress { base.copyMemory(from: base + start, byteCount: live) }
        start = 0
        end = live
    }

    /// Grows the memory to `capacity` bytes.
    private mutating func grow(to capacity: Int) {
        guard let larger = realloc(storage.baseAddress, capacity) else {
            preconditionFailure("no memory for \(capacity) bytes")
        }
        storage = UnsafeMutableRawBufferPointer(start: larger, count: capacity)
    }
}

// MARK: Consuming

extension ByteBuffer {
    /// Drops the first `n` bytes; nothing is moved.
    package mutating func removeFirst(_ n: Int) {
        precondition(n >= 0 && n <= count, "more bytes are dropped than the buffer holds")
        start += n
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Drops everything behind the first `count` bytes, as if it had not been written.
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count, "the buffer is cut beyond its end")
        end = start + count
    }

    /// Drops everything, and gives the memory back if it is more than `maxCapacity` bytes.
    package mutating func removeAll(keepingCapacity maxCapacity: Int) {
        start = 0
        end = 0
        guard storage.count > maxCapacity else { return }
        free(storage.baseAddress)
        storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
}
