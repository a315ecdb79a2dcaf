import CLibevent
import Glibc
package import Time

/// Calls its handler once when its time has come. It can be set again at any time, also from its handler.
package final class Alarm {
    private let loop: EventLoop
    private let handler: () -> Void
    private var event: OpaquePointer?
    private var time: Instant?

    package init(_ loop: EventLoop, handler: @escaping () -> Void) {
        self.loop = loop
        self.handler = handler
        // Unretained: `deinit` frees the event, so it never outlives the alarm.
        event = event_new(
            loop.base, -1, 0, { _, _, context in Alarm.fire(context) },
            Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        if let event { event_free(event) }
    }

    /// Sets the time at which it rings, instead of any set before.
    /// - Parameter time: if it is past, the alarm rings at once.
    package func set(at time: Instant) {
        loop.preconditionOwned()
        guard time != self.time, let event else { return }
        self.time = time
        let wait = max(TimeSpan.zero, time - EventLoop.readClock())
        // Rounded up to the microsecond, so that the alarm never rings before its time.
        let microseconds = Int((wait + .nanoseconds(999)).microseconds)
        var interval = timeval(tv_sec: microseconds / 1_000_000, tv_usec: microseconds % 1_000_000)
        event_add(event, &interval)
    }

    /// Keeps it from ringing until it is set again.
    package func clear() {
        loop.preconditionOwned()
        guard time != nil, let event else { return }
        time = nil
        event_del(event)
    }

    private static func fire(_ context: UnsafeMutableRawPointer?) {
        guard let context else { return }
        // Retained for the call: the handler may release the alarm.
        let alarm = Unmanaged<Alarm>.fromOpaque(context).takeUnretainedValue()
        alarm.loop.sampleTime()
        alarm.time = nil
        alarm.handler()
        alarm.loop.endTurnIfLong()
    }
}
