import DequeModule
import Wire

/// Replies on their way to a socket, in blocks: what is added behind many unsent bytes moves none of them.
struct Outbox: ~Copyable {
    private final class Block {
        var bytes = ByteBuffer()
    }

    /// Bytes at which a block is full: the next reply begins another.
    private static let blockSize = 1 << 20

    private var first = ByteBuffer()
    private var later: Deque<Block> = []
    private var laterCount = 0
    /// Bytes of memory that the later blocks hold.
    private var laterCapacity = 0

    /// Bytes that are not sent yet.
    var count: Int { first.count + laterCount }
    var isEmpty: Bool { count == 0 }
    /// Bytes of memory held.
    var capacity: Int { first.capacity + laterCapacity }

    /// Has `body` add to the end.
    mutating func write<R>(_ body: (inout ByteBuffer) -> R) -> R {
        if later.isEmpty, first.count < Self.blockSize { return body(&first) }
        let last = lastBlock()
        let (count, capacity) = (last.bytes.count, last.bytes.capacity)
        defer {
            laterCount += last.bytes.count - count
            laterCapacity += last.bytes.capacity - capacity
        }
        return body(&last.bytes)
    }

    private mutating func lastBlock() -> Block {
        if let last = later.last, last.bytes.count < Self.blockSize { return last }
        let block = Block()
        later.append(block)
        return block
    }

    /// A reply of fewer bytes is copied behind others: a write to the socket of its own would cost more.
    private static let maxCopiedBytes = 1 << 16

    /// Moves all bytes of `reply` to the end, without a copy if they are many.
    mutating func append(_ reply: inout ByteBuffer) {
        guard !isEmpty else { return first.append(moving: &reply) }
        if reply.count < Self.maxCopiedBytes {
            write { target in reply.withBytes { target.append($0) } }
            return reply.removeAll(keepingCapacity: 0)
        }
        let block = Block()
        block.bytes.append(moving: &reply)
        laterCount += block.bytes.count
        laterCapacity += block.bytes.capacity
        later.append(block)
    }

    /// What is to be sent next; empty only if all is sent.
    borrowing func withFirstBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        first.withBytes(body)
    }

    /// Drops bytes that have been sent: `n` of the first ones.
    mutating func removeFirst(_ n: Int) {
        first.removeFirst(n)
        while first.isEmpty, let next = later.popFirst() {
            laterCount -= next.bytes.count
            laterCapacity -= next.bytes.capacity
            first.removeAll(keepingCapacity: 0)
            first.append(moving: &next.bytes)
        }
    }

    /// Gives back the memory of what has been sent, but for `maxBytes` bytes of it.
    mutating func trim(to maxBytes: Int) {
        if isEmpty { first.removeAll(keepingCapacity: maxBytes) }
    }
}
