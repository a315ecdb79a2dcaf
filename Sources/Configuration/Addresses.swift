/// A TCP address: `localhost:7654`, `127.0.0.1:7654`, `[::1]:7654`
package struct HostAndPort: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without brackets.
    package let host: String
    /// From 1 to 65535.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Nil if the text is no such address. An IPv6 address needs its brackets, because its last part could be
    /// the port.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65535).contains(port)
        else { return nil }
        let host = text[..<colon]
        let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let bare = bracketed ? host.dropFirst().dropLast() : host
        guard !bare.isEmpty, bracketed == bare.contains(":"), !bare.contains(where: { "[] ".contains($0) })
        else {
            return nil
        }
        self.init(host: String(bare), port: port)
    }

    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether the host is in 127.0.0.0/8, `::1` or `localhost`; other spellings of these are not recognised.
    package var isLoopback: Bool { Self.isLoopback(host) }

    static func isLoopback(_ host: String) -> Bool {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return host == "localhost" || host == "::1"
            || (octets.count == 4 && octets.first == 127 && octets.allSatisfy { $0 != nil })
    }
}

/// Where a database server listens.
package enum DatabaseServer: Hashable, Sendable, CustomStringConvertible {
    case socket(path: String)
    case tcp(host: String, port: Int)

    static let defaultPort = 3306

    /// Reads `/run/mysqld/mysqld.sock`, `db1`, `db1:3307`, `[::1]` or `[::1]:3307`; nil if the text is none
    /// of these.
    init?(_ text: String) {
        if text.hasPrefix("/") {
            self = .socket(path: text)
        } else if let address = HostAndPort(text) ?? HostAndPort("\(text):\(Self.defaultPort)") {
            self = .tcp(host: address.host, port: address.port)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .socket(let path): path
        case .tcp(let host, let port): HostAndPort(host: host, port: port).description
        }
    }
}
