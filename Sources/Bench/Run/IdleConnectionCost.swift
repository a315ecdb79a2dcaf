import Foundation
import LineClient

/// Measures what idle connections cost the daemon.
struct IdleConnectionCost {
    private let testbed: Testbed

    init(_ testbed: Testbed) {
        self.testbed = testbed
    }

    /// KiB of the daemon's memory per connection; nil if so many cannot be opened, or if the daemon does not
    /// report its memory.
    func measure(_ count: Int) throws -> Double? {
        guard let before = testbed.daemonKilobytes else { return nil }
        let others = try testbed.stats().sessions
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        while descriptors.count < count {
            guard let descriptor = try? LineClient.connect(testbed.daemonAddress) else { return nil }
            descriptors.append(descriptor)
        }
        guard areAccepted(others + count), let after = testbed.daemonKilobytes else { return nil }
        return Double(after - before) / Double(count)
    }

    /// Waits until the daemon has accepted the connections, which it does in several turns; false if it
    /// refuses them.
    private func areAccepted(_ count: Int) -> Bool {
        for _ in 0..<Self.attempts {
            if (try? testbed.stats())?.sessions ?? 0 >= count { return true }
            usleep(10_000)
        }
        return false
    }

    private static let attempts = 500
}
