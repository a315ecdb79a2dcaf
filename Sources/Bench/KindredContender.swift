import Glibc
import PrivateServer
import Reactor
import Wire

/// Loads over kindred's socket, with one connection for each client.
final class KindredContender: Contender {
    var onDone: (Completion) -> Void = { _ in }
    private let connections: [KindredConnection]
    private var dirty: [KindredConnection] = []
    private let mix: Mix
    private var source: Mix.Source
    private let keysPerRequest: Int
    private(set) var outstanding = 0

    init(
        _ mix: Mix, address: LineClient.Address, clients: Int, keysPerRequest: Int, loop: EventLoop
    ) throws {
        self.mix = mix
        source = mix.source()
        self.keysPerRequest = keysPerRequest
        connections = try (0..<clients).map { _ in
            KindredConnection(Socket(fileDescriptor: try LineClient.connect(address)), loop)
        }
        for (client, connection) in connections.enumerated() {
            connection.onReply = { [unowned self] intended, error in
                outstanding -= 1
                onDone(
                    Completion(client: client, intended: intended, loads: keysPerRequest, error: error))
            }
        }
    }

    func issue(client: Int, intended: Int64) {
        let connection = connections[client]
        outstanding += 1
        let (part, places) = source.next(keys: keysPerRequest)
        connection.send(intended) { mix.parts[part].writeRequest($0, places, into: &$1) }
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
    }

    func flush() {
        let waiting = dirty
        dirty.removeAll(keepingCapacity: true)
        for connection in waiting { connection.flush() }
    }
}

final class KindredConnection {
    private let socket: Socket
    private var watch: Watch?
    private var framer = LineFramer(limit: 1 << 30)
    private var output = ByteBuffer()
    /// By request id: when each request on its way was meant to be sent.
    private var intended: [Int64] = []
    private var freeIDs: [Int] = []
    var isDirty = false
    var onReply: (_ intended: Int64, _ error: Trouble?) -> Void = { _, _ in }

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

    func send(_ intended: Int64, _ write: (Int, inout ByteBuffer) -> Void) {
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
            case .closed, .failed: return lost()
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
            lost()
        }
    }

    private func lost() {
        watch?.cancel()
        let free = Set(freeIDs)
        for id in intended.indices where !free.contains(id) {
            onReply(
                intended[id], Trouble(message: "the daemon has hung up", isConnectionLost: true))
        }
        intended = []
        freeIDs = []
    }

    // {"id":7,"rows":[…]}
    private func reply(_ frame: Frame) {
        guard case .line(let line) = frame, line.count > 8 else { return }
        var id = 0
        var place = 6
        while place < line.count, (0x30...0x39).contains(line[place]) {
            id = id * 10 + Int(line[place] & 15)
            place += 1
        }
        guard intended.indices.contains(id) else { return }
        freeIDs.append(id)
        // ,"error":{
        let isError = place + 2 < line.count && line[place + 2] == UInt8(ascii: "e")
        let error = { Trouble(message: String(decoding: line, as: UTF8.self), isConnectionLost: false) }
        onReply(intended[id], isError ? error() : nil)
    }
}
