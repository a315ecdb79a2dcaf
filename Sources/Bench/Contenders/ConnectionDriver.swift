import MariaDB
import Reactor

/// Runs the non-blocking operations of one connection: waits for its descriptor and resumes the operation,
/// until it is over.
final class ConnectionDriver {
    private let loop: EventLoop
    private let resume: (MariaDB.Readiness) -> Progress
    private let step: (Progress) -> Progress?
    private var watch: Watch?
    /// Whether an operation waits for the descriptor.
    private var isWaiting = false
    private var isProceeding = false
    /// The progress of the operation that was begun last and has not been looked at yet.
    private var begun: Progress?

    /// - Parameters:
    ///   - resume: Resumes a suspended operation, given what its descriptor is ready for.
    ///   - step: Handles progress, and begins the next operation; nil if there is none.
    init(
        _ loop: EventLoop, resume: @escaping (MariaDB.Readiness) -> Progress,
        step: @escaping (Progress) -> Progress?
    ) {
        self.loop = loop
        self.resume = resume
        self.step = step
    }

    /// Follows an operation that has just begun. An operation that begins inside `step` is followed when
    /// `step` has returned: many answers that are there at once would otherwise fill the stack.
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
                // The server has hung up while no query was running: the next query will report it.
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
