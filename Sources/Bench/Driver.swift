import MariaDB
import Reactor

/// Drives one connection, whatever it runs: hands it what its descriptor says, until an operation is over.
final class Driver {
    private let loop: EventLoop
    private let resume: (MariaDB.Readiness) -> Progress
    private let step: (Progress) -> Progress?
    private var watch: Watch?
    /// Whether an operation waits for the descriptor.
    private var isWaiting = false

    /// - Parameters:
    ///   - resume: goes on after something that was waited for.
    ///   - step: what follows this; nil if nothing does.
    init(
        _ loop: EventLoop, resume: @escaping (MariaDB.Readiness) -> Progress,
        step: @escaping (Progress) -> Progress?
    ) {
        self.loop = loop
        self.resume = resume
        self.step = step
    }

    func proceed(_ first: Progress) {
        var progress = first
        while true {
            if case .waiting(let interest) = progress { return wait(for: interest) }
            guard let next = step(progress) else { return }
            progress = next
        }
    }

    private func wait(for interest: Interest) {
        isWaiting = true
        if watch?.fileDescriptor != interest.fileDescriptor {
            watch?.cancel()
            watch = Watch(loop, fileDescriptor: interest.fileDescriptor) { [unowned self] readiness in
                // The server has hung up while nothing was asked of it: the next query will say so.
                guard isWaiting else {
                    watch?.set(readable: false, writable: false)
                    return
                }
                isWaiting = false
                var events: MariaDB.Readiness = []
                if readiness.contains(.readable) { events.insert(.readable) }
                if readiness.contains(.writable) { events.insert(.writable) }
                proceed(resume(events))
            }
        }
        watch?.set(
            readable: interest.events.contains(.readable), writable: interest.events.contains(.writable))
    }
}
