import Configuration
import Reactor

/// How the descriptors that the process may have are shared out. Those that the daemon needs itself are
/// reserved, so that a crowd of clients does not keep it from its database.
struct DescriptorBudget {
    /// Clients that may be connected at one time.
    let clients: Int
    /// Sockets that may linger at one time, so that clients whose connection is over can still read the last
    /// reply.
    let lingering: Int
    /// What the operator should know; nil if as many clients may come as are configured.
    let warning: String?

    /// For standard streams, log, listeners, mailboxes, the reader of the schema, name resolution and files.
    private static let ownDescriptors = 32
    /// The connection, and its duplicate while it is being made over TLS.
    private static let perConnection = 2
    /// For each server's mailboxes, and for the connections of its health check and of the query killer.
    private static let perServer = 4
    /// For connections that are accepted only to be refused, in one turn of the loop and then for a moment.
    private static let refused = 128
    private static let maxLingering = 1024

    /// Shares out what the process may have, after raising the limit if that is needed and allowed.
    init(_ settings: Settings) {
        self.init(settings, allowed: DescriptorLimit.raise(to: Self.needed(settings) + Self.maxLingering))
    }

    /// - Parameter allowed: descriptors that the process may have.
    init(_ settings: Settings, allowed: Int) {
        let configured = settings.listen.maxClients
        let spare = max(1, allowed - Self.reserved(settings))
        clients = min(configured, spare - min(Self.refused, spare / 4))
        lingering = min(Self.maxLingering, (spare - clients) / 2)
        warning =
            clients == configured
            ? nil
            : "listen.max_clients = \(configured) needs \(Self.needed(settings)) descriptors, and the limit is "
                + "\(allowed): no more than \(clients) clients are served at one time; raise "
                + "LimitNOFILE= of the service (ulimit -n), or lower listen.max_clients"
    }

    private static func reserved(_ settings: Settings) -> Int {
        ownDescriptors + perConnection * settings.database.connections
            + perServer * settings.database.candidates.count
    }

    private static func needed(_ settings: Settings) -> Int {
        settings.listen.maxClients + reserved(settings) + refused
    }
}
