import Foundation
import LineClient

/// What connections cost that say nothing.
struct IdleConnections {
    private let testbed: Testbed

    init(_ testbed: Testbed) {
        self.testbed = testbed
    }

    /// KiB of the daemon's memory per connection; nil if there cannot be so many, or the daemon does not tell.
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

    /// The daemon accepts some in each turn; it may also have refused them.
    private func areAccepted(_ count: Int) -> Bool {
        for _ in 0..<Self.looks {
            if (try? testbed.stats())?.sessions ?? 0 >= count { return true }
            usleep(10_000)
        }
        return false
    }

    private static let looks = 500
}
