import CLibevent
import Glibc

/// Hands signals to the loop. One per process: libevent keeps one base for all signals. SIGPIPE is ignored.
package final class Signals {
    package enum Signal: Hashable, Sendable {
        case terminate
        case interrupt
        case hangUp
    }

    private let loop: EventLoop
    private let handler: (Signal) -> Void
    private var events: [OpaquePointer] = []

    package init(_ loop: EventLoop, handler: @escaping (Signal) -> Void) throws(ReactorError) {
        self.loop = loop
        self.handler = handler
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGTERM, SIGINT, SIGHUP] {
            // Unretained: `deinit` frees the events.
            let event = event_new(
                loop.base, number, Int16(EV_SIGNAL | EV_PERSIST),
                { number, _, context in Signals.fire(number, context) },
                Unmanaged.passUnretained(self).toOpaque())
            guard let event, event_add(event, nil) == 0 else {
                throw ReactorError("libevent: signal \(number) cannot be watched")
            }
            events.append(event)
        }
    }

    deinit {
        for event in events { event_free(event) }
    }

    private static func fire(_ number: Int32, _ context: UnsafeMutableRawPointer?) {
        guard let context else { return }
        let signals = Unmanaged<Signals>.fromOpaque(context).takeUnretainedValue()
        signals.loop.sampleTime()
        switch number {
        case SIGTERM: signals.handler(.terminate)
        case SIGINT: signals.handler(.interrupt)
        default: signals.handler(.hangUp)
        }
    }
}
