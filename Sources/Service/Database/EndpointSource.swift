import MariaDB
import Reactor

/// Where to connect, asked anew before every attempt. A host's name is resolved on another thread, because
/// the resolver waits; socket paths and numeric addresses are known at once.
final class EndpointSource {
    typealias Completion = (Result<Endpoint, DatabaseError>) -> Void
    private typealias Addresses = Result<[String], DatabaseError>

    /// What the next attempt uses.
    var endpoint: Endpoint
    private let offload: Offload<Addresses>
    private var waiting: [Completion] = []
    /// Counts the attempts, so that each takes the next of a host's addresses: not all of them may answer.
    private var attempts = 0

    init(_ endpoint: Endpoint, loop: EventLoop) throws(ReactorError) {
        self.endpoint = endpoint
        offload = try Offload(loop)
    }

    /// Calls the completion now or later, always on the loop's thread.
    func next(_ completion: @escaping Completion) {
        guard case .tcp(let host, _) = endpoint.transport, !Resolver.isNumeric(host) else {
            return completion(.success(endpoint))
        }
        waiting.append(completion)
        // Attempts that come while the name is being resolved share the result.
        guard waiting.count == 1 else { return }
        offload.run {
            Self.addresses(of: host)
        } then: { [unowned self] in
            resolved($0.mapError { DatabaseError(untried: $0) }.flatMap { $0 })
        }
    }

    private static func addresses(of host: String) -> Addresses {
        Resolver.addresses(of: host).mapError { error in
            // As libmariadb itself would say.
            DatabaseError(
                errno: ErrorNumber.unknownHost, message: "unknown host '\(host)': \(error.message)",
                kind: .unreachable)
        }
    }

    private func resolved(_ addresses: Addresses) {
        let completions = waiting
        waiting = []
        for completion in completions { completion(addresses.map(nextEndpoint)) }
    }

    private func nextEndpoint(among addresses: [String]) -> Endpoint {
        guard case .tcp(_, let port) = endpoint.transport else { return endpoint }
        defer { attempts += 1 }
        var resolved = endpoint
        resolved.transport = .tcp(address: addresses[attempts % addresses.count], port: port)
        return resolved
    }
}

extension DatabaseError {
    /// The server was not even asked, because of something that the operating system refused.
    init(untried error: ReactorError) {
        self.init(errno: ErrorNumber.unknownClientError, message: "\(error)", kind: .unreachable)
    }
}
