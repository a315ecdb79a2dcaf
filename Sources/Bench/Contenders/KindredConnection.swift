import Glibc
import Reactor
import Time
import Wire

/// One client of kindred. It sends requests, and reports each reply with the time at which its request was
/// meant to be sent.
final class KindredConnection {
    private let socket: Socket
    private var watch: Watch?
    private var framer = LineFramer(limit: 1 << 30)
    private var output = ByteBuffer()
    /// By request id, when each request in flight was meant to be sent.
    private var intended: [Instant] = []
    private var freeIDs: [Int] = []
    /// The last line that belongs to no request; the daemon says there why it hangs up.
    private var lastNotice: String?
    /// Whether requests have been written into the output since the last flush.
    var isDirty = false
    var onReply: (_ intended: Instant, _ error: RequestFailure?) -> Void = { _, _ in }

    init(_ socket: Socket, _ loop: EventLoop) {
        self.socket = socket
        _ = fcntl(socket.fileDescriptor, F_SETFL, fcntl(socket.fileDescriptor, F_GETFL) | O_NONBLOCK)
        watch = Watch(loop, fileDescriptor: socket.fileDescriptor) { [unowned self] readiness in
            if readiness.contains(.readable) { read() }
            if readiness.contains(.writable) { flush() }
        }
        watch?.set(readable: true, writable: false)
    }

    deinit { socket.close() }

    func send(_ intended: Instant, _ write: (Int, inout ByteBuffer) -> Void) {
        let id = freeIDs.popLast() ?? self.intended.count
        if id == self.intended.count { self.intended.append(intended) } else { self.intended[id] = intended }
        write(id, &output)
    }

    func flush() {
        isDirty = false
        write: while !output.isEmpty {
            switch output.withBytes(socket.write) {
            case .bytes(let count): output.removeFirst(count)
            case .wouldBlock: break write
            case .closed, .failed: return failAllRequests()
            }
        }
        watch?.set(readable: true, writable: !output.isEmpty)
    }

    private func read() {
        var result = Socket.Result.wouldBlock
        _ = framer.receive(upTo: 1 << 16) { space in
            result = socket.read(into: space)
            if case .bytes(let count) = result { return count }
            return 0
        }
        if case .bytes = result {
            while framer.next(reply) {}
        } else if case .wouldBlock = result {
        } else {
            failAllRequests()
        }
    }

    private func failAllRequests() {
        watch?.cancel()
        let free = Set(freeIDs)
        let message = "the daemon has hung up" + (lastNotice.map { ": \($0)" } ?? "")
        for id in intended.indices where !free.contains(id) {
            onReply(intended[id], RequestFailure(message: message, isConnectionLost: true))
        }
        intended = []
        freeIDs = []
    }

    private static let opening = Array("{\"id\":".utf8)

    // {"id":7,"rows":[…]}
    private func reply(_ frame: Frame) {
        guard case .line(let line) = frame else { return }
        guard line.starts(with: Self.opening) else {
            lastNotice = String(decoding: line, as: UTF8.self)
            return
        }
        var id = 0
        var place = Self.opening.count
        while place < line.count, (0x30...0x39).contains(line[place]) {
            id = id * 10 + Int(line[place] & 15)
            place += 1
        }
        guard intended.indices.contains(id) else { return }
        freeIDs.append(id)
        // ,"error":{
        let isError = place + 2 < line.count && line[place + 2] == UInt8(ascii: "e")
        let error = {
            RequestFailure(message: String(decoding: line, as: UTF8.self), isConnectionLost: false)
        }
        onReply(intended[id], isError ? error() : nil)
    }
}
