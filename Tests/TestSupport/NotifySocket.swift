import Foundation

/// The receiving end of sd_notify(3).
package final class NotifySocket {
    private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    private var lines: [String] = []

    package init(_ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let outcome = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard outcome == 0 else { throw NeverHappened(description: "cannot bind \(path)") }
    }

    deinit { close(descriptor) }

    /// Takes in all that has been said.
    private func receive() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &chunk, chunk.count, 0), count > 0 {
            lines += String(decoding: chunk[..<count], as: UTF8.self).split(separator: "\n").map(
                String.init)
        }
    }

    package func count(of line: String) -> Int {
        receive()
        return lines.count { $0 == line }
    }

    package func forget() {
        receive()
        lines = []
    }

    /// - Parameters:
    ///   - times: how often it must arrive from now on, if more than once.
    ///   - meanwhile: done until it has arrived.
    package func wait(for line: String, times: Int? = nil, meanwhile: () throws -> Void = {}) throws {
        let before = times == nil ? 0 : count(of: line)
        try eventually("\(line) arrives") {
            try meanwhile()
            return count(of: line) >= before + (times ?? 1)
        }
    }
}
