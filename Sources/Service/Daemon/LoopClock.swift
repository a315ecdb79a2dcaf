import Loading
import Reactor
import Time

/// The engine's clock and alarm in the daemon.
final class LoopClock: EngineClock {
    private let loop: EventLoop
    private let alarm: Alarm

    init(_ loop: EventLoop) {
        self.loop = loop
        // Only wakes the loop: what is due is decided at the end of every turn.
        alarm = Alarm(loop) {}
    }

    var now: Instant { loop.now }

    func refresh() { loop.refreshTime() }

    func wake(at time: Instant?) {
        if let time { alarm.set(at: time) } else { alarm.clear() }
    }
}
