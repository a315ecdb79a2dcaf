import CMariaDB
import COpenSSL
import Glibc
import Relations

typealias Handle = UnsafeMutablePointer<MYSQL>

/// How libmariadb will be called on a handle.
enum CallStyle {
    case blocking
    case nonBlocking
}

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
    mysql_options(handle, MARIADB_OPT_RESTRICTED_AUTH, endpoint.loginPlugins.joined(separator: ","))
    if let path = endpoint.serverPublicKey { mysql_options(handle, MYSQL_SERVER_PUBLIC_KEY, path) }
    if let tls = endpoint.tls { set(tls, of: handle) }
    for statement in endpoint.sessionSetup { mysql_options(handle, MYSQL_INIT_COMMAND, statement) }
    return handle
}

private func set(_ tls: TLS, of handle: Handle) {
    mysql_options(handle, MYSQL_OPT_SSL_CA, tls.ca)
    mysql_options(handle, MYSQL_OPT_SSL_CERT, tls.certificate)
    mysql_options(handle, MYSQL_OPT_SSL_KEY, tls.key)
    // Without a passphrase, OpenSSL would ask for it at the terminal if the key is encrypted, and wait.
    mysql_options(handle, MARIADB_OPT_TLS_PASSPHRASE, "")
    // MYSQL_OPT_SSL_ENFORCE enforces nothing: the login goes to a server without TLS in the clear. A
    // fingerprint to compare the certificate with prevents that, and the empty one is compared with nothing.
    mysql_options(handle, MARIADB_OPT_TLS_PEER_FP, "")
    ConnectDeadline.use(by: handle)
    guard case .identity(let name) = tls.verification else { return }
    let on: my_bool = 1
    withUnsafePointer(to: on) { _ = mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, $0) }
    // It is used only where `mysql_real_connect` is given no host; see `verifyName`.
    mysql_options(handle, MARIADB_OPT_HOST, name)
}

/// Has a handle keep its options when connecting fails, so that `closeHandle` can free what libmariadb
/// forgets then. Its non-blocking calls always keep them.
private let keepsOptions = UInt(CLIENT_REMEMBER_OPTIONS)

/// Frees the handle.
func closeHandle(_ handle: Handle) {
    // libmariadb 3.3 frees the path's copy only when it is given another one.
    mysql_options(handle, MYSQL_SERVER_PUBLIC_KEY, nil)
    mysql_close(handle)
}

/// Connects, and waits. Over TLS, all of it takes no longer than the endpoint's time for connecting, and the
/// socket never waits from then on.
/// - Returns: the error; nil if the connection is made, to a server that can be used.
func connectWaiting(
    _ handle: Handle, _ arguments: ConnectArguments, to endpoint: Endpoint
) -> DatabaseError? {
    ERR_clear_error()
    let connect = {
        mysql_real_connect(
            handle, arguments.host, arguments.user, arguments.password, arguments.database, arguments.port,
            arguments.socket, keepsOptions) != nil
    }
    let isConnected =
        endpoint.tls == nil
        ? connect() : ConnectDeadline.limit(connect, toSeconds: endpoint.connectTimeoutSeconds)
    return isConnected
        ? unsupportedServer(behind: handle) : DatabaseError(ofConnecting: handle, to: endpoint)
}

/// Whether reading and writing the socket waits, which OpenSSL leaves to the socket, whatever libmariadb has
/// been asked for.
func setSocketWaits(_ waits: Bool, of handle: Handle) {
    let socket = mysql_get_socket(handle)
    let flags = fcntl(socket, F_GETFL)
    _ = fcntl(socket, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK)
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
