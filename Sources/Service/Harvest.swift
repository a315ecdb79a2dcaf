import FanOut
import Wire

/// The rows of one batch, each encoded once, shared by every request that asked for one of its keys.
final class Harvest {
    private(set) var distributor: Distributor
    private var arena = ByteBuffer()
    /// Bytes of one key's rows beyond which the rest is not kept: no reply could hold them.
    private let maxBytesOfKey: Int

    init(keys: Int, maxBytesOfKey: Int) {
        distributor = Distributor(keys: keys)
        self.maxBytesOfKey = maxBytesOfKey
    }

    var byteCount: Int { arena.count }

    func isTooLarge(_ key: Int) -> Bool { distributor.bytes(of: key) > maxBytesOfKey }

    /// `encode` appends one row to the arena.
    func add(to key: Int, _ encode: (inout ByteBuffer) -> Void) {
        guard !isTooLarge(key) else { return distributor.addUnshown(to: key) }
        let start = arena.count
        if distributor.continues(key) { arena.append(byte: UInt8(ascii: ",")) }
        encode(&arena)
        distributor.add(start..<arena.count, to: key)
    }

    func addUnshown(to key: Int) { distributor.addUnshown(to: key) }

    func addStray() { distributor.addStray() }

    /// Forgets the rows, after it has become clear that the batch is too large to be kept whole.
    func discard() {
        distributor = Distributor(keys: distributor.keys)
        arena = ByteBuffer()
    }

    /// `{"id":7,…},{"id":8,…}`, or nothing.
    func write(rowsOf key: Int, to output: inout ByteBuffer) {
        var isFirst = true
        distributor.forEachSegment(of: key) { segment in
            if !isFirst { output.append(byte: UInt8(ascii: ",")) }
            isFirst = false
            arena.withBytes { output.append(UnsafeRawBufferPointer(rebasing: $0[segment.range])) }
        }
    }
}
