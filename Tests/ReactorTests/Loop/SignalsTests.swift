import Glibc
import Reactor
import Testing

@Suite struct SignalsTests {
    @Test func `a signal is delivered on the loop`() throws {
        let loop = try EventLoop()
        let signals = try Signals(loop) { signal in
            #expect(signal == .hangUp)
            loop.stop()
        }
        loop.onNextTurn { kill(getpid(), SIGHUP) }
        loop.run {}
        withExtendedLifetime(signals) {}
    }
}
