import Foundation

/// A thread that can be waited for.
final class Worker: Sendable {
    private let thread: Thread
    private let finished = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        thread = Thread { [finished] in
            body()
            finished.signal()
        }
    }

    func start() { thread.start() }

    func join() { finished.wait() }
}
