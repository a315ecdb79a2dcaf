import Glibc

/// A condition that did not come true in time.
package struct NeverHappened: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// Waits until another process has done something, asking every 5 ms. The limit only ends a test that has failed, so it is
/// longer than any machine needs, however busy it is; where else a test sleeps, it measures what is used meanwhile.
///
/// - Throws: `NeverHappened` with the description once `limit` is over, and whatever the condition throws.
package func eventually(
    _ description: String, within limit: Duration = .seconds(120), _ condition: () throws -> Bool
) throws {
    let end = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < end else {
            throw NeverHappened(description: "not within \(limit): \(description)")
        }
        usleep(5_000)
    }
}
