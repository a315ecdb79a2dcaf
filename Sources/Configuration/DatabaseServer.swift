/// Where a database server listens.
package enum DatabaseServer: Hashable, Sendable, CustomStringConvertible {
    case socket(path: String)
    case tcp(host: String, port: Int)

    static let usualPort = 3306

    /// `/run/mysqld/mysqld.sock`, `db1`, `db1:3307`, `[::1]`, `[::1]:3307`
    init?(_ text: String) {
        if text.hasPrefix("/") {
            self = .socket(path: text)
        } else if let address = HostAndPort(text) ?? HostAndPort("\(text):\(Self.usualPort)") {
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
