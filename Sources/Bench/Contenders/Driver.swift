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
    private var isProceeding = false
    /// What `step` has begun.
    private var begun: Progress?

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

    /// What is begun from within `step` goes on when that is over: answers that are there at once, one after another,
    /// would fill the stack.
    func proceed(_ first: Progress) {
        begun = first
        guard !isProceeding else { return }
        isProceeding = true
        defer { isProceeding = false }
        while let progress = begun {
            begun = nil
            if case .waiting(let interest) = progress { return wait(for: interest) }
            if let next = step(progress) { begun = next }
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
