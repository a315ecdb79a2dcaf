import Foundation

/// The receiving end of sd_notify(3).
package final class NotifySocket {
    private let descriptor: Int32
    private var lines: [String] = []

    package init(_ path: String) throws {
        descriptor = try UnixSocket.bind(path, .datagram)
    }

    deinit { close(descriptor) }

    /// Takes in all that has been said.
    private func receive() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT)), count > 0 {
            lines += String(decoding: chunk[..<count], as: UTF8.self).split(separator: "\n").map(
                String.init)
        }
    }

    package func count(of line: String) -> Int {
        receive()
        return lines.count { $0 == line }
    }

    /// What `systemctl status` shows now.
    package var status: String? {
        receive()
        return lines.last { $0.hasPrefix("STATUS=") }.map { String($0.dropFirst("STATUS=".count)) }
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
