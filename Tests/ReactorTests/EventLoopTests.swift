import Glibc
import LineClient
import PrivateServer
import Reactor
import Synchronization
import Testing

/// Two connected, non-blocking stream sockets.
private func makePair() -> (Socket, Socket) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0)
    return (Socket(fileDescriptor: ends[0]), Socket(fileDescriptor: ends[1]))
}

private func send(_ text: String, to socket: Socket) {
    var bytes = Array(text.utf8)
    bytes.withUnsafeMutableBytes { _ = socket.write(UnsafeRawBufferPointer($0)) }
}

@Suite struct EventLoopTests {
    @Test func `a watch tells of bytes, and of nothing after it was cancelled`() throws {
        let loop = try EventLoop()
        let (near, far) = makePair()
        var calls = 0
        var watch: Watch?
        watch = Watch(loop, fileDescriptor: near.fileDescriptor) { readiness in
            #expect(readiness.contains(.readable))
            calls += 1
            watch?.cancel()
            // The bytes stay unread: a watch that is still alive would call again.
            loop.onNextTurn { loop.onNextTurn { loop.stop() } }
        }
        watch?.set(readable: true, writable: false)
        send("x", to: far)
        loop.run {}
        watch = nil  // which its own handler holds
        #expect(calls == 1)
        near.close()
        far.close()
    }

    @Test func `a watch for writing rings at once on a fresh socket`() throws {
        let loop = try EventLoop()
        let (near, far) = makePair()
        let watch = Watch(loop, fileDescriptor: near.fileDescriptor) { readiness in
            #expect(readiness.contains(.writable))
            loop.stop()
        }
        watch.set(readable: false, writable: true)
        loop.run {}
        watch.cancel()
        near.close()
        far.close()
    }

    @Test func `a long callback ends the turn, and what else was ready comes in the next`() throws {
        let loop = try EventLoop()
        let pairs = [makePair(), makePair(), makePair()]
        var (turns, calls) = (0, [Int]())
        let watches = pairs.map { near, far in
            Watch(loop, fileDescriptor: near.fileDescriptor) { _ in
                calls.append(turns)
                let began = clock()
                while clock() - began < 10 * CLOCKS_PER_SEC / 1000 {}
                _ = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { near.read(into: $0) }
            }
        }
        for (pair, watch) in zip(pairs, watches) {
            watch.set(readable: true, writable: false)
            send("x", to: pair.1)
        }
        loop.run {
            turns += 1
            if calls.count == 3 { loop.stop() }
        }
        #expect(calls == [0, 1, 2])
        for watch in watches { watch.cancel() }
        for (near, far) in pairs {
            near.close()
            far.close()
        }
    }

    @Test func `alarms ring in the order of their times, and can be set again`() throws {
        let loop = try EventLoop()
        var rung: [Int] = []
        let late = Alarm(loop) {
            rung.append(2)
            loop.stop()
        }
        var early: Alarm?
        early = Alarm(loop) {
            rung.append(1)
            if rung.count == 1 { early?.set(at: loop.now + 1_000_000) }
        }
        let never = Alarm(loop) { rung.append(9) }
        late.set(at: loop.now + 500_000_000)
        early?.set(at: loop.now + 1_000_000)
        never.set(at: loop.now + 2_000_000)
        never.clear()
        loop.run {}
        early = nil  // which its own handler holds
        #expect(rung == [1, 1, 2])
    }

    @Test func `an alarm never rings before its time`() throws {
        let loop = try EventLoop()
        let time = loop.now + 1_500_700
        let alarm = Alarm(loop) {
            #expect(loop.now >= time)
            loop.stop()
        }
        alarm.set(at: time)
        loop.run {}
    }

    @Test func `work for the next turn is done without waiting, and a turn follows it`() throws {
        let loop = try EventLoop()
        var events: [String] = []
        loop.onNextTurn {
            events.append("first")
            loop.onNextTurn {
                events.append("second")
                loop.stop()
            }
        }
        loop.run { events.append("turn") }
        #expect(events == ["first", "turn", "second", "turn"])
    }

    @Test func `a retired object lives to the end of its turn`() throws {
        final class Canary {
            let sing: () -> Void
            init(_ sing: @escaping () -> Void) { self.sing = sing }
            deinit { sing() }
        }
        let loop = try EventLoop()
        var isAlive = true
        loop.onNextTurn {
            loop.retire(Canary { isAlive = false })
            #expect(isAlive)
            loop.stop()
        }
        loop.run { #expect(isAlive) }
        #expect(!isAlive)
    }

    @Test func `a mailbox loses nothing that many threads post, and keeps each one's order`() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<(thread: Int, number: Int)>(loop)
        let (threads, messages) = (4, 500)
        var received: [Int: [Int]] = [:]
        mailbox.receive { message in
            received[message.thread, default: []].append(message.number)
            if received.values.reduce(0, { $0 + $1.count }) == threads * messages { loop.stop() }
        }
        let sender = mailbox.sender
        for thread in 0..<threads {
            try WorkerThread.detach { for number in 0..<messages { sender.post((thread, number)) } }
        }
        loop.run {}
        #expect(received.count == threads)
        for numbers in received.values { #expect(numbers == Array(0..<messages)) }
    }

    @Test func `signals come to the loop`() throws {
        let loop = try EventLoop()
        let signals = try Signals(loop) { signal in
            #expect(signal == .hangUp)
            loop.stop()
        }
        loop.onNextTurn { kill(getpid(), SIGHUP) }
        loop.run {}
        withExtendedLifetime(signals) {}
    }
}

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

    @Test func `a file that is no socket is left alone`() throws {
        let loop = try EventLoop()
        let path = directory + "/file"
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        expectFailure("is no socket") { _ = try Listener.unix(loop, path: path, mode: 0o600, group: nil) }
        #expect(exists(path))
    }

    @Test func `a path that is too long and a group that is unknown are named`() throws {
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

    @Test func `a TCP listener tells its address, and a taken port is an error`() throws {
        let loop = try EventLoop()
        let listener = try #require(try Listener.tcp(loop, host: "127.0.0.1", port: 0).first)
        let port = try #require(listener.address.split(separator: ":").last.flatMap { UInt16($0) })
        expectFailure("cannot listen on 127.0.0.1:\(port)") {
            _ = try Listener.tcp(loop, host: "127.0.0.1", port: port)
        }
        listener.close()
    }

    @Test func `a client over TCP that vanishes without a word is found out`() throws {
        let loop = try EventLoop()
        let listener = try #require(try Listener.tcp(loop, host: "127.0.0.1", port: 0).first)
        let port = try #require(listener.address.split(separator: ":").last.flatMap { UInt16($0) })
        var (isWatched, patience): (Int32, Int32) = (0, 0)
        listener.start { socket in
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(socket.fileDescriptor, SOL_SOCKET, SO_KEEPALIVE, &isWatched, &length)
            getsockopt(socket.fileDescriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &patience, &length)
            socket.close()
            loop.stop()
        }
        let client = try LineClient(.tcp(host: "127.0.0.1", port: port))
        withExtendedLifetime(client) { loop.run {} }
        listener.close()
        #expect(isWatched == 1 && patience == 120_000)
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
