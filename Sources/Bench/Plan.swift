/// How long trials run.
package struct Plan: Sendable {
    package var rounds = 5
    /// Nanoseconds that a trial runs in a round before it is measured, and while it is.
    package var warmUp: Int64 = 150_000_000
    package var slot: Int64 = 500_000_000

    package init() {}
}
