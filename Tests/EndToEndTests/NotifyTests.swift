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

    @Test func `the watchdog hears of a daemon that is idle or busy, and not of one that stands still`()
        throws
    {
        let directory = try DaemonUnderTest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (manager, other) = (try Manager(directory + "/notify"), try Manager(directory + "/other"))
        func shop(_ name: String) throws -> BookshopFixture {
            try BookshopFixture(environment: [
                "NOTIFY_SOCKET": "\(directory)/\(name)", "WATCHDOG_USEC": "100000",
            ])
        }
        let (shop, reference) = (try shop("notify"), try shop("other"))
        try manager.wait(for: "WATCHDOG=1", times: 5)
        let client = try shop.daemon.client(patience: 20)
        let lines = Array(repeating: #"{"load":"books.author","key":5}"#, count: 20).joined(separator: "\n")
        try manager.wait(for: "WATCHDOG=1", times: 5) {
            try client.send(lines)
            for _ in 1...20 { _ = try client.receive() }
        }
        shop.daemon.signal(SIGSTOP)
        try eventually("it stands still") { try shop.daemon.state() == "T" }
        manager.forget()
        try other.wait(for: "WATCHDOG=1", times: 10)
        #expect(manager.count(of: "WATCHDOG=1") == 0)
        shop.daemon.signal(SIGCONT)
        try manager.wait(for: "WATCHDOG=1", times: 5)
        withExtendedLifetime(reference) {}
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

        /// Takes in all that has been said.
        private func receive() {
            var chunk = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(descriptor, &chunk, chunk.count, 0), count > 0 {
                lines += String(decoding: chunk[..<count], as: UTF8.self).split(separator: "\n").map(
                    String.init)
            }
        }

        func count(of line: String) -> Int {
            receive()
            return lines.count { $0 == line }
        }

        func forget() {
            receive()
            lines = []
        }

        /// - Parameters:
        ///   - times: how often it must arrive from now on, if more than once.
        ///   - meanwhile: done until it has arrived.
        func wait(for line: String, times: Int? = nil, meanwhile: () throws -> Void = {}) throws {
            let before = times == nil ? 0 : count(of: line)
            try eventually("\(line) arrives") {
                try meanwhile()
                return count(of: line) >= before + (times ?? 1)
            }
        }
    }
}
