import LineClient
import Reactor
import Time

/// Asks kindred over its socket, on one connection for each client.
final class KindredContender: Contender {
    var onDone: (Completion) -> Void = { _ in }
    private let connections: [KindredConnection]
    private var dirty: [KindredConnection] = []
    private let mix: WorkloadMix
    private var source: WorkloadMix.Source
    private let keysPerRequest: Int
    private(set) var outstanding = 0

    init(
        _ mix: WorkloadMix, address: LineClient.Address, clients: Int, keysPerRequest: Int, loop: EventLoop
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

    func issue(client: Int, intended: Instant) {
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
