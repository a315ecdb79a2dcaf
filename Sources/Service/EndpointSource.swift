import MariaDB
import Reactor

/// Where to connect, asked anew before every attempt. A host's name is looked up on another thread, because the
/// resolver waits; the others are known at once.
final class EndpointSource {
    typealias Answer = (Result<Endpoint, DatabaseError>) -> Void

    /// What the next attempt uses.
    var endpoint: Endpoint
    private let mailbox: Mailbox<Result<[String], ReactorError>>
    private var waiting: [Answer] = []
    /// Counts the attempts, so that each takes the next of a host's addresses: not all of them may answer.
    private var attempts = 0

    init(_ endpoint: Endpoint, loop: EventLoop) throws(ReactorError) {
        self.endpoint = endpoint
        mailbox = try Mailbox(loop)
        mailbox.receive { [unowned self] in resolved($0) }
    }

    /// Answers now or later, always on the loop's thread.
    func next(_ answer: @escaping Answer) {
        guard case .tcp(let host, _) = endpoint.transport, !Resolver.isNumeric(host) else {
            return answer(.success(endpoint))
        }
        waiting.append(answer)
        // Whoever asks while a look-up is under way gets its result.
        guard waiting.count == 1 else { return }
        let mailbox = mailbox.sender
        WorkerThread.detach { mailbox.post(Resolver.addresses(of: host)) }
    }

    private func resolved(_ result: Result<[String], ReactorError>) {
        let answers = waiting
        waiting = []
        for answer in answers { answer(choice(of: result)) }
    }

    private func choice(of result: Result<[String], ReactorError>) -> Result<Endpoint, DatabaseError> {
        guard case .tcp(let host, let port) = endpoint.transport else { return .success(endpoint) }
        switch result {
        case .success(let addresses):
            defer { attempts += 1 }
            var resolved = endpoint
            resolved.transport = .tcp(address: addresses[attempts % addresses.count], port: port)
            return .success(resolved)
        case .failure(let error):
            // As libmariadb itself would say.
            return .failure(
                DatabaseError(
                    errno: DatabaseError.unknownHost, sqlState: "HY000",
                    message: "unknown host '\(host)': \(error.message)",
                    kind: .unreachable))
        }
    }
}
