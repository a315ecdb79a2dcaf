import Reactor
import Testing

/// Callbacks for descriptors that become readable or writable.
@Suite struct WatchTests {
    @Test func `a watch reports readable bytes, and nothing after it is cancelled`() throws {
        let loop = try EventLoop()
        let (near, far) = makeSocketPair()
        var calls = 0
        var watch: Watch?
        watch = Watch(loop, fileDescriptor: near.fileDescriptor) { readiness in
            #expect(readiness.contains(.readable))
            calls += 1
            watch?.cancel()
            // The bytes stay unread: a watch that is still alive would call again.
            loop.onNextTurn { loop.onNextTurn { loop.stop() } }
        }
        watch?.set(readable: true, writable: false)
        send("x", to: far)
        loop.run {}
        watch = nil  // which its own handler holds
        #expect(calls == 1)
        near.close()
        far.close()
    }

    @Test func `a watch for writing is called at once for a new socket`() throws {
        let loop = try EventLoop()
        let (near, far) = makeSocketPair()
        let watch = Watch(loop, fileDescriptor: near.fileDescriptor) { readiness in
            #expect(readiness.contains(.writable))
            loop.stop()
        }
        watch.set(readable: false, writable: true)
        loop.run {}
        watch.cancel()
        near.close()
        far.close()
    }
}
