import Foundation

/// A thread that runs at once and can be waited for.
final class Worker: Sendable {
    private let finished = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        Thread { [finished] in
            body()
            finished.signal()
        }.start()
    }

    func join() { finished.wait() }
}
