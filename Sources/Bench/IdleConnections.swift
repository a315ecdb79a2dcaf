import Foundation
import PrivateServer

/// What connections cost that say nothing.
struct IdleConnections {
    private let ring: Ring

    init(_ ring: Ring) {
        self.ring = ring
    }

    /// KiB of the daemon's memory per connection; nil if there cannot be so many, or the daemon is elsewhere.
    func measure(_ count: Int) throws -> Double? {
        guard let before = ring.daemonKilobytes else { return nil }
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        while descriptors.count < count {
            descriptors.append(try LineClient.connect(ring.daemonAddress))
        }
        guard areAccepted(count), let after = ring.daemonKilobytes else { return nil }
        return Double(after - before) / Double(count)
    }

    /// The daemon accepts some in each turn; it may also have refused them.
    private func areAccepted(_ count: Int) -> Bool {
        for _ in 0..<Self.looks {
            if (try? ring.stats())?.sessions ?? 0 >= count { return true }
            usleep(10_000)
        }
        return false
    }

    private static let looks = 500
}
