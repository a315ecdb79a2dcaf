import CMariaDB
import COpenSSL
import Glibc

/// libmariadb's process-wide state (error texts, plugins), prepared once before the first handle, on any
/// thread.
enum Library {
    static let isReady =
        OpenSSL.isReady && mysql_server_init(0, nil, nil) == 0
        && ma_pvio_register_callback(1, sawTraffic) == 0
}

/// OpenSSL's process-wide state, prepared before anything else of it is called. It would otherwise tear
/// itself down when the process exits, under the feet of threads that are still in a handshake; what is
/// called first decides.
enum OpenSSL {
    static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1
}

/// libmariadb calls this after each read (mode 0) and write (mode 1), with the bytes as they are before they
/// are encrypted; the count is negative if there was an error. TLS begins after the greeting.
private func sawTraffic(mode: Int32, handle: Handle?, start: UnsafePointer<UInt8>?, count: Int) {
    guard count > 0, let handle, let start else { return }
    let bytes = UnsafeBufferPointer(start: start, count: count)
    if mode == 0 {
        // Only in the greeting: this is called for every read.
        guard handle.pointee.server_version == nil else { return }
        ConnectAttempt.heard(on: handle)
        if handle.pointee.options.use_ssl != 0 { setSocketWaits(false, of: handle) }
        nameRefusingServer(handle, bytes)
    } else if handle.pointee.net.pvio.pointee.ctls == nil {
        verifyName(handle)
        refuseKeyOfServer(handle, bytes)
    }
}

/// libmariadb 3.3 looks for `MariaDB` in the server's version to find out whether an error of the number
/// 65535 is a report of progress (`ma_net_safe_read`). In the place of the greeting, which would tell the
/// version, it reads from address 0.
private func nameRefusingServer(_ handle: Handle, _ bytes: UnsafeBufferPointer<UInt8>) {
    // The body's first byte stands behind its length and number.
    let offset = 4 - Int(handle.pointee.net.pvio.pointee.bytes_read)
    guard bytes.indices.contains(offset), bytes[offset] == 0xFF else { return }
    // Freed with the handle.
    handle.pointee.server_version = strdup("")
}

/// libmariadb verifies the certificate of the host that it has connected to, which is the address that we
/// have found. Before the handshake, that becomes the name which the address was found for; see `set`.
private func verifyName(_ handle: Handle) {
    guard let name = handle.pointee.options.host, let address = handle.pointee.host,
        strcmp(name, address) != 0
    else { return }
    free(address)
    handle.pointee.host = strdup(name)  // Freed with the handle.
}

/// Ends a login in which libmariadb asks the server for its public key, because whoever answers could read
/// the password then. It does so without a word if it cannot read the key's file at that moment.
///
/// A packet is three bytes of length, one of number, the body; commands have the number 0. `caching_sha2`
/// asks by 2, `sha256` by 1:
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
private func refuseKeyOfServer(_ handle: Handle, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard bytes.count == 5, bytes[0] == 1, bytes[3] != 0, bytes[4] == 1 || bytes[4] == 2,
        // Over a Unix socket `sha256` asks as well, and nobody else can answer.
        handle.pointee.net.pvio.pointee.type == PVIO_TYPE_SOCKET
    else { return }
    mariadb_cancel(handle)
}
