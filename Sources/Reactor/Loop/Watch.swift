import CLibevent
import Glibc

/// What has become possible with a descriptor. A hang-up or an error counts as both.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: Int16

    package init(rawValue: Int16) {
        self.rawValue = rawValue
    }

    package static let readable = Readiness(rawValue: Int16(EV_READ))
    package static let writable = Readiness(rawValue: Int16(EV_WRITE))
    /// The peer sends no more: what it has sent need not be read to learn that (`EPOLLRDHUP` of
    /// epoll_ctl(2)).
    package static let ended = Readiness(rawValue: Int16(EV_CLOSED))
}

/// Calls its handler whenever a descriptor is ready, until it is cancelled. Cancel it before closing the
/// descriptor.
package final class Watch {
    package let fileDescriptor: Int32
    private let loop: EventLoop
    private let handler: (Readiness) -> Void
    /// The event of the current conditions, made anew whenever they change; nil while there are none.
    private var event: OpaquePointer?
    private var interest: Readiness = []

    package init(_ loop: EventLoop, fileDescriptor: Int32, handler: @escaping (Readiness) -> Void) {
        self.loop = loop
        self.fileDescriptor = fileDescriptor
        self.handler = handler
    }

    deinit { free() }

    /// Changes what is watched for. The kernel is called only if that differs from before.
    package func set(readable: Bool, writable: Bool, ended: Bool = false) {
        loop.preconditionOwned()
        var wanted: Readiness = []
        if readable { wanted.insert(.readable) }
        if writable { wanted.insert(.writable) }
        if ended { wanted.insert(.ended) }
        guard wanted != interest else { return }
        free()
        interest = wanted
        guard !wanted.isEmpty else { return }
        // An end is reported once, and again when it has become a hang-up. libevent reports an error
        // (`EPOLLERR`: the peer is gone with data unread) only to a watch that wants to read or write; so
        // this one wants to read as well, and hears of data that comes, once.
        let edge = wanted == .ended ? Int16(EV_ET | EV_READ) : 0
        let flags = wanted.rawValue | Int16(EV_PERSIST) | edge
        // Unretained: `deinit` and `cancel` free the event, so it never outlives the watch.
        event = event_new(
            loop.base, fileDescriptor, flags, { _, what, context in Watch.fire(what, context) },
            Unmanaged.passUnretained(self).toOpaque())
        if let event { event_add(event, nil) }
    }

    /// No handler call comes after this.
    package func cancel() {
        free()
        interest = []
    }

    private func free() {
        guard let event else { return }
        event_free(event)
        self.event = nil
    }

    private static func fire(_ what: Int16, _ context: UnsafeMutableRawPointer?) {
        guard let context else { return }
        // Retained for the call: the handler may release the watch.
        let watch = Unmanaged<Watch>.fromOpaque(context).takeUnretainedValue()
        watch.loop.sampleTime()
        watch.handler(Readiness(rawValue: what))
        watch.loop.endTurnIfLong()
    }
}
