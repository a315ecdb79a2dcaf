import MariaDB
import Reactor

/// Where to connect, asked anew before every attempt. A host's name is looked up on another thread, because the
/// resolver waits; the others are known at once.
final class EndpointSource {
    typealias Answer = (Result<Endpoint, DatabaseError>) -> Void

    private let endpoint: Endpoint
    private let mailbox: Mailbox<Result<Endpoint, DatabaseError>>
    private var waiting: [Answer] = []

    init(_ endpoint: Endpoint, loop: EventLoop) throws(ReactorError) {
        self.endpoint = endpoint
        mailbox = try Mailbox(loop)
        mailbox.receive { [unowned self] result in
            let answers = waiting
            waiting = []
            for answer in answers { answer(result) }
        }
    }

    /// Answers now or later, always on the loop's thread.
    func next(_ answer: @escaping Answer) {
        guard case .tcp(let host, let port) = endpoint.transport, !Resolver.isNumeric(host) else {
            return answer(.success(endpoint))
        }
        waiting.append(answer)
        // Whoever asks while a look-up is under way gets its result.
        guard waiting.count == 1 else { return }
        let (endpoint, mailbox) = (endpoint, mailbox.sender)
        WorkerThread.detach {
            mailbox.post(Self.resolve(endpoint, host: host, port: port))
        }
    }

    private static func resolve(_ endpoint: Endpoint, host: String, port: UInt16) -> Result<
        Endpoint, DatabaseError
    > {
        switch Resolver.address(of: host) {
        case .success(let address):
            var resolved = endpoint
            resolved.transport = .tcp(address: address, port: port)
            return .success(resolved)
        case .failure(let error):
            // 2005 CR_UNKNOWN_HOST, as libmariadb itself would say.
            return .failure(
                DatabaseError(
                    errno: 2005, sqlState: "HY000", message: "unknown host '\(host)': \(error.message)",
                    kind: .unreachable))
        }
    }
}
