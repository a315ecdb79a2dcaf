import Glibc
import LineClient
import PrivateServer
import Reactor
import Testing

@Suite final class ListenerTests {
    private let directory: String

    init() throws {
        directory = try makeTemporaryDirectory()
    }

    deinit {
        for name in ["s", "file", "g"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }

    private func expectFailure(_ words: String, _ body: () throws -> Void) {
        do {
            try body()
            Issue.record("there should be an error")
        } catch {
            #expect("\(error)".contains(words))
        }
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    @Test func `a Unix listener accepts, has the mode that was asked for, and removes its file`() throws {
        let loop = try EventLoop()
        let path = directory + "/s"
        let listener = try Listener.unix(loop, path: path, mode: 0o640, group: nil)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
        listener.start { socket in
            socket.close()
            loop.stop()
        }
        try WorkerThread.detach { [path] in connectAndClose(path) }
        loop.run {}
        listener.close()
        #expect(!exists(path))
    }

    @Test func `a socket file that a dead process left is replaced, a living one is not`() throws {
        let loop = try EventLoop()
        let path = directory + "/s"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(dead)
        #expect(exists(path))
        let listener = try Listener.unix(loop, path: path, mode: 0o600, group: nil)
        expectFailure("another process listens on \(path)") {
            _ = try Listener.unix(loop, path: path, mode: 0o600, group: nil)
        }
        #expect(exists(path))
        listener.close()
    }

    @Test func `a file that is not a socket is not replaced`() throws {
        let loop = try EventLoop()
        let path = directory + "/file"
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        expectFailure("is no socket") { _ = try Listener.unix(loop, path: path, mode: 0o600, group: nil) }
        #expect(exists(path))
    }

    @Test func `errors name a socket path that is too long and an unknown group`() throws {
        let loop = try EventLoop()
        let long = "/tmp/" + String(repeating: "x", count: 200)
        expectFailure("longer than 107 bytes") {
            _ = try Listener.unix(loop, path: long, mode: 0o600, group: nil)
        }
        expectFailure("no group 'no-such-group'") {
            _ = try Listener.unix(loop, path: directory + "/g", mode: 0o600, group: "no-such-group")
        }
        #expect(!exists(directory + "/g"))
    }

    @Test func `a TCP listener has its address, and a port in use is an error`() throws {
        let loop = try EventLoop()
        let listener = try #require(try Listener.tcp(loop, host: "127.0.0.1", port: 0).first)
        let port = try #require(listener.address.split(separator: ":").last.flatMap { UInt16($0) })
        expectFailure("cannot listen on 127.0.0.1:\(port)") {
            _ = try Listener.tcp(loop, host: "127.0.0.1", port: port)
        }
        listener.close()
    }

    @Test func `an accepted TCP connection has keepalive and a user timeout`() throws {
        let loop = try EventLoop()
        let listener = try #require(try Listener.tcp(loop, host: "127.0.0.1", port: 0).first)
        let port = try #require(listener.address.split(separator: ":").last.flatMap { UInt16($0) })
        var (keepAlive, userTimeout): (Int32, Int32) = (0, 0)
        listener.start { socket in
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(socket.fileDescriptor, SOL_SOCKET, SO_KEEPALIVE, &keepAlive, &length)
            getsockopt(socket.fileDescriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &userTimeout, &length)
            socket.close()
            loop.stop()
        }
        let client = try LineClient(.tcp(host: "127.0.0.1", port: port))
        withExtendedLifetime(client) { loop.run {} }
        listener.close()
        #expect(keepAlive == 1 && userTimeout == 120_000)
    }
}

private func connectAndClose(_ path: String) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    close(descriptor)
}
