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
            guard let descriptor = try? LineClient.connect(ring.daemonAddress) else { return nil }
            descriptors.append(descriptor)
        }
        // Its answer means that all before it have been accepted.
        guard let sessions = ring.stat("sessions"), sessions >= count, let after = ring.daemonKilobytes else {
            return nil
        }
        return Double(after - before) / Double(count)
    }
}
