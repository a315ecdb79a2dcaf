import Glibc

/// Something that a test needs did not happen or could not be set up.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// Waits until a condition holds, checking it every 5 ms. The limit only ends a test that has failed, so it
/// is longer than a busy machine needs. (A test sleeps only where it measures what the daemon uses
/// meanwhile.)
///
/// - Throws: `TestFailure` with the description once `limit` is over, and whatever the condition throws.
package func eventually(
    _ description: String, within limit: Duration = .seconds(120), _ condition: () throws -> Bool
) throws {
    let end = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < end else {
            throw TestFailure(description: "not within \(limit): \(description)")
        }
        usleep(5_000)
    }
}
