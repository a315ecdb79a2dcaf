import MariaDB
import Reactor

/// Where to connect, asked anew before every attempt. A host's name is looked up on another thread, because the
/// resolver waits; the others are known at once.
final class EndpointSource {
    typealias Answer = (Result<Endpoint, DatabaseError>) -> Void

    /// What the next attempt uses.
    var endpoint: Endpoint
    private let mailbox: Mailbox<Result<[String], DatabaseError>>
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
        do throws(ReactorError) {
            try WorkerThread.detach { mailbox.post(Self.addresses(of: host)) }
        } catch {
            mailbox.post(.failure(DatabaseError(untried: error)))
        }
    }

    private static func addresses(of host: String) -> Result<[String], DatabaseError> {
        Resolver.addresses(of: host).mapError { error in
            // As libmariadb itself would say.
            DatabaseError(
                errno: DatabaseError.unknownHost, message: "unknown host '\(host)': \(error.message)",
                kind: .unreachable)
        }
    }

    private func resolved(_ result: Result<[String], DatabaseError>) {
        let answers = waiting
        waiting = []
        for answer in answers { answer(choice(of: result)) }
    }

    private func choice(of result: Result<[String], DatabaseError>) -> Result<Endpoint, DatabaseError> {
        result.map { addresses in
            guard case .tcp(_, let port) = endpoint.transport else { return endpoint }
            defer { attempts += 1 }
            var resolved = endpoint
            resolved.transport = .tcp(address: addresses[attempts % addresses.count], port: port)
            return resolved
        }
    }
}

extension DatabaseError {
    /// `CR_UNKNOWN_ERROR`
    private static let unknown: UInt32 = 2000

    /// The server was not even asked, because of something that the operating system refused.
    init(untried error: ReactorError) {
        self.init(errno: Self.unknown, message: "\(error)", kind: .unreachable)
    }
}
