import TestSupport
import Testing
import Wire

@testable import Loading

/// Unsent replies stand in blocks, of which a client sees nothing but one stream of bytes.
@Suite struct OutboxTests {
    /// What is written, over and over: 251 is a prime, so that a byte that is lost or doubled shifts the
    /// rest.
    fileprivate static let period = 251
    fileprivate static let pattern = (0..<(5 << 20)).map { UInt8($0 % period) }

    /// Writes and sends a stream that has the byte `n % 251` at place `n`.
    private final class Stream {
        var outbox = Outbox()
        private(set) var written = 0
        private(set) var sent = 0

        private func next(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
            let start = written % OutboxTests.period
            written += count
            OutboxTests.pattern.withUnsafeBytes {
                body(UnsafeRawBufferPointer(rebasing: $0[start..<(start + count)]))
            }
        }

        func write(_ count: Int) {
            var bytes: [UInt8] = []
            next(count) { bytes += $0 }
            outbox.write { $0.append(bytes) }
        }

        func append(_ count: Int) {
            var reply = ByteBuffer()
            next(count) { reply.append($0) }
            outbox.append(&reply)
            let (left, capacity) = (reply.count, reply.capacity)
            #expect(left == 0 && capacity == 0)
        }

        var count: Int { outbox.count }
        var capacity: Int { outbox.capacity }
        var isEmpty: Bool { outbox.isEmpty }
        var firstCount: Int { outbox.withFirstBytes { $0.count } }

        /// Sends as many of the first bytes as there are, and at most so many.
        func send(_ most: Int) {
            let count = min(most, firstCount)
            let isRight = outbox.withFirstBytes { first in
                (0..<count).allSatisfy { first[$0] == UInt8((sent + $0) % OutboxTests.period) }
            }
            #expect(isRight)
            outbox.removeFirst(count)
            sent += count
        }

        /// Sends first bytes unseen.
        func skip(_ count: Int) {
            outbox.removeFirst(count)
            sent += count
        }

        func check() {
            #expect(count == written - sent)
            #expect(isEmpty == (count == 0))
            #expect((firstCount == 0) == (count == 0))
            #expect(capacity >= count)
        }
    }

    @Test(arguments: UInt64(0)..<20)
    func `bytes are sent in the order in which they were written, whatever their blocks`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let stream = Stream()
        for _ in 0..<40 {
            switch random.number(0...9) {
            case 0...2: stream.write(random.number(0...2000))
            case 3: stream.write(random.number(0...(1 << 19)))
            case 4, 5: stream.append(random.number(0...2000))
            case 6: stream.append(random.pick(65_535, 65_536, 65_537))
            case 7: stream.append(random.number(1 << 20...1 << 21))
            default: stream.send(random.pick(1, 1000, 20_000))
            }
            stream.check()
        }
        while !stream.isEmpty {
            // All of them would be looked at one by one.
            let (sent, count) = (stream.sent, stream.firstCount)
            stream.send(min(count, 1000))
            if stream.sent == sent { break }
            stream.check()
            if count > 10_000 { stream.skip(stream.firstCount - 1000) }
        }
        #expect(stream.sent == stream.written)
        stream.outbox.trim(to: 0)
        #expect(stream.capacity == 0)
    }

    @Test func `a reply that is added behind a full block begins another one`() {
        let full = Stream()
        full.write(1 << 20)
        full.write(10)
        #expect(full.firstCount == 1 << 20)
        let nearlyFull = Stream()
        nearlyFull.write((1 << 20) - 1)
        nearlyFull.write(10)
        #expect(nearlyFull.firstCount == (1 << 20) + 9)
    }

    @Test func `a short reply is copied to those before it, a long one is moved`() {
        let short = Stream()
        short.write(10)
        short.append(65_535)
        #expect(short.firstCount == 65_545)
        let long = Stream()
        long.write(10)
        long.append(65_536)
        #expect(long.firstCount == 10)
        long.write(7)
        long.send(10)
        // What follows a block that is not full joins it.
        #expect(long.firstCount == 65_543)
        long.check()
    }

    @Test func `memory of a block is given back when the block has been sent`() {
        let stream = Stream()
        stream.append(1000)
        let first = stream.capacity
        stream.append(1 << 20)
        stream.append(1 << 21)
        let all = stream.capacity
        #expect(all >= first + (3 << 20))
        stream.send(1000)
        #expect(stream.capacity == all - first)
        stream.skip(1 << 20)
        #expect(stream.capacity < all - (1 << 20))
        stream.skip(1 << 21)
        #expect(stream.isEmpty)
    }

    @Test func `only an empty output gives its memory back, but for what it may keep`() {
        let stream = Stream()
        stream.write(5000)
        stream.send(4999)
        stream.outbox.trim(to: 0)
        #expect(stream.count == 1 && stream.capacity >= 5000)
        stream.send(1)
        stream.outbox.trim(to: 1 << 20)
        #expect(stream.capacity >= 5000)
        stream.outbox.trim(to: 100)
        #expect(stream.capacity == 0)
    }
}
