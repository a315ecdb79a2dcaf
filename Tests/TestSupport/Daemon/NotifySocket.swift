import Foundation

/// The service manager's end of sd_notify(3).
package final class NotifySocket {
    private let descriptor: Int32
    private var lines: [String] = []

    package init(_ path: String) throws {
        descriptor = try UnixSocket.bind(path, .datagram)
    }

    deinit { close(descriptor) }

    /// Receives all notices that have been sent.
    private func receive() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT)), count > 0 {
            lines += String(decoding: chunk[..<count], as: UTF8.self).split(separator: "\n").map(
                String.init)
        }
    }

    /// Returns how often a line was received, since the beginning or the last `clear`.
    package func count(of line: String) -> Int {
        receive()
        return lines.count { $0 == line }
    }

    /// The status that `systemctl status` would show now.
    package var status: String? {
        receive()
        return lines.last { $0.hasPrefix("STATUS=") }.map { String($0.dropFirst("STATUS=".count)) }
    }

    /// Drops all lines received so far.
    package func clear() {
        receive()
        lines = []
    }

    /// Waits until a line has been received, or has been received so many times from now on.
    ///
    /// - Parameter meanwhile: called over and over until then.
    package func wait(for line: String, times: Int? = nil, meanwhile: () throws -> Void = {}) throws {
        let before = times == nil ? 0 : count(of: line)
        try eventually("\(line) arrives") {
            try meanwhile()
            return count(of: line) >= before + (times ?? 1)
        }
    }
}
