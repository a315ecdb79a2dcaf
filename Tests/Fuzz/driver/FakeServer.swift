import Fuzzing
import Glibc
import Reactor

/// The server's end of a connection, on the client's own loop: it sends the responses of its script.
final class FakeServer {
    private let script: Script
    private let loop: EventLoop
    private let socket: Socket
    private var watch: Watch?
    private var next = 0
    private var unsent: [UInt8] = []
    private(set) var sentBytes = 0
    private(set) var isOpen = true

    /// Accepts the waiting connection and sends the greeting.
    init(_ script: Script, _ loop: EventLoop) {
        self.script = script
        self.loop = loop
        socket = Socket(fileDescriptor: accept(ServerAddress.listener, nil, nil))
        expect(fcntl(socket.fileDescriptor, F_SETFL, O_NONBLOCK) == 0, "no client has connected")
        watch = Watch(loop, fileDescriptor: socket.fileDescriptor) { [unowned self] readiness in
            if readiness.contains(.readable) { receive() } else { send() }
        }
        respond()
    }

    deinit { close() }

    func close() {
        guard isOpen else { return }
        isOpen = false
        watch?.cancel()
        socket.close()
    }

    private func receive() {
        var space = [UInt8](repeating: 0, count: 1 << 16)
        let result = space.withUnsafeMutableBytes { socket.read(into: $0) }
        guard case .bytes(let count) = result else {
            if result != .wouldBlock { close() }
            return
        }
        let received = String(decoding: space[..<count], as: UTF8.self)
        expect(!received.contains(ServerAddress.fileContent), "a file was sent to the server")
        if unsent.isEmpty { respond() }
    }

    /// Sends the next response unasked, because the client waits for the rest of an incomplete one.
    func sendNext() {
        if unsent.isEmpty { respond() }
    }

    private func respond() {
        guard next < script.responses.count else { return end() }
        unsent = script.responses[next]
        next += 1
        send(atMost: script.firstPiece)
    }

    /// Sends what is unsent: the first piece at once, the rest in later turns.
    private func send(atMost max: Int = .max) {
        let piece = unsent.prefix(max)
        let result = piece.withUnsafeBytes { piece.isEmpty ? .bytes(0) : socket.write($0) }
        switch result {
        case .bytes(let count):
            sentBytes += count
            unsent.removeFirst(count)
        case .wouldBlock: break
        case .closed, .failed: return close()
        }
        watch?.set(readable: true, writable: !unsent.isEmpty)
        if unsent.isEmpty, next == script.responses.count { finish() }
    }

    private func finish() {
        if script.isSilentAtEnd { return }
        if script.hangsUpEarly { return close() }
        shutdown(socket.fileDescriptor, Int32(SHUT_WR))
    }

    private func end() {
        if !script.isSilentAtEnd { close() }
    }
}
