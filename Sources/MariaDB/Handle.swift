import CMariaDB
import Glibc
import Relations

typealias Handle = UnsafeMutablePointer<MYSQL>

/// libmariadb's process-wide state (error texts, plugins), prepared once before the first handle, on any
/// thread.
private enum Library {
    static let isReady =
        mysql_server_init(0, nil, nil) == 0 && ma_pvio_register_callback(1, nameRefusingServer) == 0
}

/// libmariadb 3.3 looks for `MariaDB` in the server's version to find out whether an error of the number
/// 65535 is a report of progress (`ma_net_safe_read`). In the place of the greeting, which would tell the
/// version, it reads from address 0.
private func nameRefusingServer(mode: Int32, handle: Handle?, bytes: UnsafePointer<UInt8>?, count: Int) {
    guard mode == 0, count > 0, let handle, let bytes, handle.pointee.server_version == nil else { return }
    // The body's first byte stands behind its length and number.
    let offset = 4 - Int(handle.pointee.net.pvio.pointee.bytes_read)
    guard (0..<count).contains(offset), bytes[offset] == 0xFF else { return }
    // Freed with the handle.
    handle.pointee.server_version = strdup("")
}

/// How libmariadb will be called on a handle.
enum CallStyle {
    case blocking
    case nonBlocking
}

/// The login plugins that a server may ask for. Among the others are some that send the password as it is, or
/// ask for it at the terminal and wait. https://mariadb.com/kb/en/authentication-plugins/
private let loginPlugins = "mysql_native_password,client_ed25519,parsec"
/// A Unix socket carries the password of MySQL's plugin to nobody else.
private let loginPluginsOfSockets = loginPlugins + ",caching_sha2_password"

/// A new handle with the endpoint's options set. No option file is ever read.
func makeHandle(for endpoint: Endpoint, _ style: CallStyle) -> Handle {
    precondition(Library.isReady, "libmariadb could not be initialised")
    guard let handle = mysql_init(nil) else { preconditionFailure("no memory for a database connection") }
    switch style {
    case .blocking:
        withUnsafePointer(to: endpoint.readTimeoutSeconds) {
            _ = mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, $0)
        }
    case .nonBlocking: mysql_options(handle, MYSQL_OPT_NONBLOCK, nil)  // nil: a stack of 60 KiB
    }
    mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4")
    withUnsafePointer(to: endpoint.connectTimeoutSeconds) {
        _ = mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, $0)
    }
    withUnsafePointer(to: endpoint.transport.protocolType.rawValue) {
        _ = mysql_options(handle, MYSQL_OPT_PROTOCOL, $0)
    }
    // A reconnect would silently lose the session's settings; LOCAL INFILE would let the server read files of
    // this machine.
    let off: (UInt32, my_bool) = (0, 0)
    withUnsafePointer(to: off.0) { _ = mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, $0) }
    withUnsafePointer(to: off.1) { _ = mysql_options(handle, MYSQL_OPT_RECONNECT, $0) }
    let plugins =
        endpoint.transport.protocolType == MYSQL_PROTOCOL_SOCKET ? loginPluginsOfSockets : loginPlugins
    mysql_options(handle, MARIADB_OPT_RESTRICTED_AUTH, plugins)
    for statement in endpoint.sessionSetup { mysql_options(handle, MYSQL_INIT_COMMAND, statement) }
    return handle
}

/// The version in the server's greeting, without the `5.5.5-` that a MariaDB may put before its own so that
/// old replicas accept it.
func serverVersion(of handle: Handle) -> String {
    mysql_get_server_info(handle).map { String(cString: $0) } ?? ""
}

/// Why the server that the handle is connected to cannot be used: it is too old, or says nothing of what it
/// is. Nil if it can.
func unsupportedServer(behind handle: Handle) -> DatabaseError? {
    Dialect(serverVersion: serverVersion(of: handle)).unsupportedReason.map {
        DatabaseError(errno: ErrorNumber.unsupportedServer, message: $0, kind: .refused)
    }
}

extension Endpoint.Transport {
    /// The protocol is set explicitly, because libmariadb takes the host `localhost` for a Unix socket.
    fileprivate var protocolType: mysql_protocol_type {
        switch self {
        case .socket: MYSQL_PROTOCOL_SOCKET
        case .tcp: MYSQL_PROTOCOL_TCP
        }
    }
}

/// The strings of `mysql_real_connect`. libmariadb keeps the pointers while connecting is suspended, so they
/// live here and not in the temporaries Swift would pass.
final class ConnectArguments {
    let host: UnsafeMutablePointer<CChar>?
    let user: UnsafeMutablePointer<CChar>?
    /// Never nil, because libmariadb would then use `$MYSQL_PWD`.
    let password: UnsafeMutablePointer<CChar>?
    let database: UnsafeMutablePointer<CChar>?
    let port: UInt32
    let socket: UnsafeMutablePointer<CChar>?

    init(_ endpoint: Endpoint) {
        switch endpoint.transport {
        case .socket(let path): (host, port, socket) = (nil, 0, strdup(path))
        case .tcp(let address, let number): (host, port, socket) = (strdup(address), UInt32(number), nil)
        }
        user = strdup(endpoint.user)
        password = strdup(endpoint.password)
        database = endpoint.database.isEmpty ? nil : strdup(endpoint.database)
    }

    deinit {
        for string in [host, user, password, database, socket] { free(string) }
    }
}
