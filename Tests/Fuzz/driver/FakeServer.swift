import Fuzzing
import Glibc
import Reactor

/// The other end of a connection, on the client's own loop: it says what its script has.
final class FakeServer {
    private let script: Script
    private let loop: EventLoop
    private let socket: Socket
    private var watch: Watch?
    private var next = 0
    private var unsent: [UInt8] = []
    private(set) var sentBytes = 0
    private(set) var isOpen = true

    /// Takes the connection that waits, and greets.
    init(_ script: Script, _ loop: EventLoop) {
        self.script = script
        self.loop = loop
        socket = Socket(fileDescriptor: accept(Place.listener, nil, nil))
        expect(fcntl(socket.fileDescriptor, F_SETFL, O_NONBLOCK) == 0, "nobody has come")
        watch = Watch(loop, fileDescriptor: socket.fileDescriptor) { [unowned self] readiness in
            if readiness.contains(.readable) { listen() } else { say() }
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

    private func listen() {
        var space = [UInt8](repeating: 0, count: 1 << 16)
        let result = space.withUnsafeMutableBytes { socket.read(into: $0) }
        guard case .bytes(let count) = result else {
            if result != .wouldBlock { close() }
            return
        }
        let heard = String(decoding: space[..<count], as: UTF8.self)
        expect(!heard.contains(Place.treasure), "a file was sent to the server")
        if unsent.isEmpty { respond() }
    }

    /// The client waits for the rest of what it has not been told in full: the next response comes unasked.
    func goOn() {
        if unsent.isEmpty { respond() }
    }

    private func respond() {
        guard next < script.responses.count else { return end() }
        unsent = script.responses[next]
        next += 1
        say(atMost: script.firstPiece)
    }

    /// Sends what is unsent: a piece at first, and the others in later turns.
    private func say(atMost most: Int = .max) {
        let piece = unsent.prefix(most)
        let result = piece.withUnsafeBytes { piece.isEmpty ? .bytes(0) : socket.write($0) }
        switch result {
        case .bytes(let count):
            sentBytes += count
            unsent.removeFirst(count)
        case .wouldBlock: break
        case .closed, .failed: return close()
        }
        watch?.set(readable: true, writable: !unsent.isEmpty)
        if unsent.isEmpty, next == script.responses.count { hasSaidAll() }
    }

    private func hasSaidAll() {
        if script.isSilentAtEnd { return }
        if script.hangsUpEarly { return close() }
        shutdown(socket.fileDescriptor, Int32(SHUT_WR))
    }

    private func end() {
        if !script.isSilentAtEnd { close() }
    }
}
