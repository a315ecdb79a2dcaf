import Foundation
import PrivateServer
import TestSupport
import Testing

@Suite struct NotifyTests {
    @Test func `the service manager hears when it is ready and when it stops`() throws {
        let directory = try DaemonUnderTest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try Manager(directory + "/notify")
        let shop = try BookshopFixture(environment: ["NOTIFY_SOCKET": directory + "/notify"])
        try manager.wait(for: "READY=1")
        shop.daemon.signal(SIGTERM)
        try manager.wait(for: "STOPPING=1")
        #expect(shop.daemon.waitForExit() == 0)
    }

    /// The receiving end of sd_notify(3).
    private final class Manager {
        private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        private var lines: [String] = []

        init(_ path: String) throws {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let outcome = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard outcome == 0 else { throw LineClient.Failure("cannot bind \(path)") }
        }

        deinit { close(descriptor) }

        func wait(for line: String) throws {
            try eventually("\(line) arrives") {
                var chunk = [UInt8](repeating: 0, count: 4096)
                let count = recv(descriptor, &chunk, chunk.count, 0)
                if count > 0 {
                    lines += String(decoding: chunk[..<count], as: UTF8.self).split(separator: "\n").map(
                        String.init)
                }
                return lines.contains(line)
            }
        }
    }
}
