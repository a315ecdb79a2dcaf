import Reactor
import Testing
import Time

/// Callbacks at a time.
@Suite struct AlarmTests {
    @Test func `alarms fire in the order of their times, and can be set again`() throws {
        let loop = try EventLoop()
        var rung: [Int] = []
        let late = Alarm(loop) {
            rung.append(2)
            loop.stop()
        }
        var early: Alarm?
        early = Alarm(loop) {
            rung.append(1)
            if rung.count == 1 { early?.set(at: loop.now + .milliseconds(1)) }
        }
        let never = Alarm(loop) { rung.append(9) }
        late.set(at: loop.now + .milliseconds(500))
        early?.set(at: loop.now + .milliseconds(1))
        never.set(at: loop.now + .milliseconds(2))
        never.clear()
        loop.run {}
        early = nil  // which its own handler holds
        #expect(rung == [1, 1, 2])
    }

    @Test func `an alarm never fires before its time`() throws {
        let loop = try EventLoop()
        let time = loop.now + .nanoseconds(1_500_700)
        let alarm = Alarm(loop) {
            #expect(loop.now >= time)
            loop.stop()
        }
        alarm.set(at: time)
        loop.run {}
    }
}
