import Foundation
import Synchronization

private final class Failures: Sendable {
    let found = Mutex<[String]>([])
}

/// Runs `body` on `count` threads, passing each its number from 0, and waits for all. Returns all complaints
/// that they have returned, and their errors.
package func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) throws -> [String]) -> [String] {
    let failures = Failures()
    let finished = DispatchSemaphore(value: 0)
    for number in 0..<count {
        Thread {
            do {
                let complaints = try body(number)
                failures.found.withLock { $0 += complaints }
            } catch {
                failures.found.withLock { $0.append("thread \(number): \(error)") }
            }
            finished.signal()
        }.start()
    }
    for _ in 0..<count { finished.wait() }
    return failures.found.withLock { $0 }
}
