/// Where a server listens, the account to log in with, and how the connection is protected.
package struct Endpoint: Sendable, Hashable {
    package enum Transport: Sendable, Hashable {
        /// A Unix socket; the kernel allows 107 bytes of path.
        case socket(path: String)
        /// A numeric address; or a host's name if the connection may block, because libmariadb blocks to
        /// resolve it.
        case tcp(address: String, port: UInt16)
    }

    package var transport: Transport
    /// An empty name makes libmariadb take the login name of the process.
    package var user: String
    package var password: String
    /// Empty: no default database.
    package var database: String
    /// Whole seconds that each step of connecting may take (TCP, greeting, login, session setup), or all of
    /// them together over TLS. Queries have no limit.
    package var connectTimeoutSeconds: UInt32
    /// SQL statements that are part of connecting, see `SessionSetup`. If the server refuses one, connecting
    /// has failed.
    package var sessionSetup: [String]

    /// How the connection is encrypted; nil: not at all. A Unix socket needs no encryption.
    package var tls: TLS?
    /// The path of a PEM file with the server's public RSA key, by which login plugins encrypt a password
    /// over TCP without TLS. `PEMFile` finds out whether it can be used.
    package var serverPublicKey: String?

    /// Whole seconds after which a blocking client gives up a silent server; 0: never. A non-blocking
    /// connection leaves that to its owner.
    package var readTimeoutSeconds: UInt32 = 0

    package init(
        _ transport: Transport, user: String, password: String = "", database: String = "",
        connectTimeoutSeconds: UInt32 = 10, sessionSetup: [String] = []
    ) {
        self.transport = transport
        self.user = user
        self.password = password
        self.database = database
        self.connectTimeoutSeconds = connectTimeoutSeconds
        self.sessionSetup = sessionSetup
    }
}
