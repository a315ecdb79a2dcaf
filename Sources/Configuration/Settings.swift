package import Relations

/// The settings of a configuration file. The values that stand here are the defaults.
package struct Settings: Hashable, Sendable {
    package var listen = Listen()
    package var database = Database()
    package var batching = Batching()
    package var limits = Limits()
    package var values = Values()
    package var catalog = Catalog()
    package var service = Service()
    /// The configured relationships, in the order of the file.
    package var relationships: [ExplicitRelationship] = []

    package init() {}

    package struct Listen: Hashable, Sendable {
        /// The path of the Unix socket.
        package var unix: String?
        package var mode = FileMode(bits: 0o660)
        package var group: String?
        package var tcp: HostAndPort?
        package var tcpPublic = false
        package var maxClients = 10_000
    }

    package struct Database: Hashable, Sendable {
        package var socket: String?
        package var host: String?
        package var port = DatabaseServer.defaultPort
        /// Several servers with the same data, the preferred one first.
        package var servers: [DatabaseServer]?
        /// Nil: as `tls(at:)` says.
        package var tls: TLSMode?
        /// The path of a file with trusted CAs; nil: the system's.
        package var tlsCA: String?
        package var tlsCertificate: String?
        package var tlsKey: String?
        /// The path of a file with the server's public key, for a login without TLS.
        package var serverPublicKey: String?
        package var user = "kindred"
        package var passwordFile: String?
        package var name = ""
        package var connections = 4
        package var connectTimeoutSeconds = 5
        /// 0: no limit.
        package var statementTimeoutSeconds = 30
        /// Between two checks of each of several servers.
        package var checkIntervalSeconds = 2
        /// The lag beyond which a replica is not used if another server is well; 0: the lag does not matter.
        package var maxLagSeconds = 0
        package var password = Secret("")
        package var passwordSource = PasswordSource.none

        /// Where the servers are, the preferred one first; at least one. Exactly one of `socket`, `host` and
        /// `servers` stands in a file that was read without faults.
        package var candidates: [DatabaseServer] {
            if let servers { return servers }
            if let socket { return [.socket(path: socket)] }
            return [.tcp(host: host ?? "localhost", port: port)]
        }

        /// How connections to one of the servers are encrypted. What goes through a Unix socket cannot be
        /// read on the way, and is never encrypted; nor, unless it is asked for, is what stays on this
        /// machine.
        package func tls(at server: DatabaseServer) -> TLSMode {
            switch server {
            case .socket: .off
            case .tcp(let host, _): tls ?? (HostAndPort.isLoopback(host) ? .off : .verifyIdentity)
            }
        }
    }

    /// How the connections to the database are encrypted.
    package enum TLSMode: String, Hashable, Sendable, CaseIterable {
        case off
        /// Always, without regard to who the server is.
        case required
        /// Always, with a server whose certificate a trusted CA has made out for its name.
        case verifyIdentity = "verify_identity"
    }

    /// Where the account's password came from.
    package enum PasswordSource: Hashable, Sendable {
        case none
        case file(path: String)
        case credential
        case environment
    }

    package struct Batching: Hashable, Sendable {
        package var windowMilliseconds = 1.0
        package var maxKeys = 500
        package var maxQueuedKeys = 1_000_000
        package var maxClientKeys = 100_000
        package var mode = BatchingMode.adaptive
        /// Settings of single relationships, by name.
        package var relationships: [String: RelationshipBatching] = [:]
        /// Weights of clients over the Unix socket, by the name of their user.
        package var clientWeights: [String: Int] = [:]
    }

    /// The settings of a single relationship; nil: as in `Batching`.
    package struct RelationshipBatching: Hashable, Sendable {
        package var windowMilliseconds: Double?
        package var maxKeys: Int?
        package var priority = 0

        package init() {}
    }

    package enum BatchingMode: String, Hashable, Sendable, CaseIterable {
        /// Keys wait as long as waiting gains something.
        case adaptive
        /// Keys wait the whole window, for fewer queries.
        case frugal
    }

    package struct Limits: Hashable, Sendable {
        package var lineBytes = 1 << 20
        package var lineTimeoutSeconds = 30
        package var requestKeys = 10_000
        package var requestRows = 1_000_000
        package var includeDepth = 8
        package var requestIncludes = 256
        package var replyBytes = 64 << 20
        package var clientOutputBytes = 256 << 20
        package var sendTimeoutSeconds = 60
        package var resultBytes = 1 << 30
        package var requestTimeoutSeconds = 30
    }

    package struct Values: Hashable, Sendable {
        package var bigIntegers = BigIntegers.number
    }

    /// How integers beyond ±2^53 are written.
    package enum BigIntegers: String, Hashable, Sendable, CaseIterable {
        case number
        case string
    }

    package struct Catalog: Hashable, Sendable {
        package var discover = true
        /// 0: only at start and on reload.
        package var refreshSeconds = 5
    }

    package struct Service: Hashable, Sendable {
        package var drainTimeoutSeconds = 30
        package var logLevel = LogLevel.info
    }

    package enum LogLevel: String, Hashable, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// These settings as a reload applies them: settings that need a restart keep the values of the running
    /// daemon.
    package func reloaded(over running: Settings) -> Settings {
        var effective = self
        for record in SettingRecord.all where !record.isReloadable { record.copy(running, &effective) }
        return effective
    }

    /// The names of settings that differ from the old ones and need a restart, as `group.name`.
    package func unreloadableChanges(since old: Settings) -> [String] {
        SettingRecord.all.filter { !$0.isReloadable && $0.literal(old) != $0.literal(self) }.map(\.path)
    }
}

extension Settings.PasswordSource {
    /// For an operator whose account the server has refused: which password was used, and how to make kindred
    /// use another one.
    package var advice: String {
        switch self {
        case .none:
            "no password was given: name a file in database.password_file, or give the systemd credential "
                + "'database-password', or set KINDRED_DATABASE_PASSWORD in the environment"
        case .file(let path):
            "the password is that of '\(path)', as it was at the start or the last reload; if it has changed there, "
                + "reload kindred"
        case .credential:
            "the password is that of systemd's credential database-password, a copy made at the start; if it has "
                + "changed, restart kindred"
        case .environment:
            "the password is that of $KINDRED_DATABASE_PASSWORD; if it has changed, start kindred with the new one"
        }
    }
}

extension Settings.Listen {
    /// A warning that names the settings which have no effect because the service manager has opened the
    /// sockets; nil if they agree with these sockets.
    package func overrideWarning(besides addresses: [String]) -> String? {
        let defaults = Settings.Listen()
        let overridden = [
            ("listen.unix", unix.map { !addresses.contains($0) } ?? false),
            ("listen.mode", mode != defaults.mode), ("listen.group", group != nil),
            ("listen.tcp", tcp.map { !addresses.contains($0.description) } ?? false),
            ("listen.tcp_public", tcpPublic),
        ].filter(\.1).map(\.0)
        guard !overridden.isEmpty else { return nil }
        return overridden.joined(separator: ", ") + (overridden.count == 1 ? " has" : " have")
            + " no effect: kindred.socket says where kindred listens, and who may connect. Change that by "
            + "'systemctl edit kindred.socket', then 'systemctl restart kindred.socket'"
    }
}

/// Text that does not appear in logs.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package var description: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Permission bits of a file, written as an octal string: `"0660"`.
package struct FileMode: Hashable, Sendable, CustomStringConvertible {
    package let bits: UInt32

    package init(bits: UInt32) {
        self.bits = bits
    }

    /// Reads three octal digits, or four of which the first is 0; nil if the text is something else.
    init?(_ text: String) {
        guard text.utf8.count == 3 || (text.utf8.count == 4 && text.hasPrefix("0")),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }),
            let bits = UInt32(text, radix: 8)
        else { return nil }
        self.bits = bits
    }

    package var description: String {
        let octal = String(bits, radix: 8)
        return String(repeating: "0", count: max(0, 4 - octal.utf8.count)) + octal
    }
}

extension Settings.Batching {
    /// Names that have settings of their own, although the catalog has no such relationship.
    package func namesUnknown(to catalog: Catalog) -> [String] {
        let known = Set(catalog.relationships.map(\.name))
        return relationships.keys.filter { !known.contains($0) }.sorted()
    }
}
