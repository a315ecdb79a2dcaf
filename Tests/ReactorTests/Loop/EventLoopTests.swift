import Glibc
import Reactor
import Testing

/// The order of events in a turn of the loop.
@Suite struct EventLoopTests {
    @Test func `a long callback ends the turn, and other ready descriptors come in the next`() throws {
        let loop = try EventLoop()
        let pairs = [makeSocketPair(), makeSocketPair(), makeSocketPair()]
        var (turns, calls) = (0, [Int]())
        let watches = pairs.map { near, far in
            Watch(loop, fileDescriptor: near.fileDescriptor) { _ in
                calls.append(turns)
                let began = clock()
                while clock() - began < 10 * CLOCKS_PER_SEC / 1000 {}
                _ = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { near.read(into: $0) }
            }
        }
        for (pair, watch) in zip(pairs, watches) {
            watch.set(readable: true, writable: false)
            send("x", to: pair.1)
        }
        loop.run {
            turns += 1
            if calls.count == 3 { loop.stop() }
        }
        #expect(calls == [0, 1, 2])
        for watch in watches { watch.cancel() }
        for (near, far) in pairs {
            near.close()
            far.close()
        }
    }

    @Test func `work for the next turn is done without waiting, and a turn follows it`() throws {
        let loop = try EventLoop()
        var events: [String] = []
        loop.onNextTurn {
            events.append("first")
            loop.onNextTurn {
                events.append("second")
                loop.stop()
            }
        }
        loop.run { events.append("turn") }
        #expect(events == ["first", "turn", "second", "turn"])
    }

    @Test func `a retired object lives to the end of its turn`() throws {
        final class Canary {
            let sing: () -> Void
            init(_ sing: @escaping () -> Void) { self.sing = sing }
            deinit { sing() }
        }
        let loop = try EventLoop()
        var isAlive = true
        loop.onNextTurn {
            loop.retire(Canary { isAlive = false })
            #expect(isAlive)
            loop.stop()
        }
        loop.run { #expect(isAlive) }
        #expect(!isAlive)
    }
}
