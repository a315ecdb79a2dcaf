import Configuration
import Reactor

/// How the descriptors that the process may have are shared out: what the daemon needs itself is never a client's, so
/// that a crowd does not keep it from its database.
struct DescriptorBudget {
    /// Clients that may be connected at one time.
    let clients: Int
    /// Sockets of clients that have been told that it is over, and may still read that.
    let lingering: Int
    /// What the operator should know; nil if as many clients may come as are configured.
    let warning: String?

    /// Of streams, log, listeners, mailboxes, the schema's reader, name look-ups and files.
    private static let ours = 32
    /// Of each server: a killer and a health check with their connections, mailboxes.
    private static let perServer = 4
    /// Accepted, but not served: those that are refused, in one turn of the loop and then for a moment.
    private static let refused = 128
    private static let mostLingering = 1024

    /// Raises the process's limit first, if it must and may.
    init(_ settings: Settings) {
        self.init(settings, allowed: DescriptorLimit.raise(to: Self.needed(settings) + Self.mostLingering))
    }

    /// - Parameter allowed: descriptors that the process may have.
    init(_ settings: Settings, allowed: Int) {
        let configured = settings.listen.maxClients
        let spare = max(1, allowed - Self.reserved(settings))
        clients = min(configured, spare - min(Self.refused, spare / 4))
        lingering = min(Self.mostLingering, (spare - clients) / 2)
        warning =
            clients == configured
            ? nil
            : "listen.max_clients = \(configured) needs \(Self.needed(settings)) descriptors, and the limit is "
                + "\(allowed): no more than \(clients) clients are served at one time; raise LimitNOFILE= of the "
                + "service (ulimit -n), or lower listen.max_clients"
    }

    private static func reserved(_ settings: Settings) -> Int {
        ours + settings.database.connections + perServer * settings.database.candidates.count
    }

    private static func needed(_ settings: Settings) -> Int {
        settings.listen.maxClients + reserved(settings) + refused
    }
}
