import CMariaDB

/// An error of the server's or of libmariadb's, and what it means for the connection.
package struct DatabaseError: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The connection was good and is gone; the statement that ran on it has no answer.
        case connectionLost
        /// No connection was made: nobody listens, nobody answered in time, or there is no TLS with who did.
        case unreachable
        /// A server answered and refused the login (password, limits) or the session setup.
        case refused
        /// The server refused the statement; the connection is idle and usable.
        case statement
    }

    /// What was under way: the same error number means different things while connecting and afterwards.
    enum Phase {
        case connecting
        case connected
    }

    /// The server's number (`ER_…`, 1000–1999 and 3000–4999) or libmariadb's (`CR_…`, 2000–2999 and
    /// 5000–5999); see `ErrorNumber`.
    package let errno: UInt32
    /// Five characters, `HY000` when there is nothing better.
    package let sqlState: String
    package let message: String
    package let kind: Kind

    package init(errno: UInt32, sqlState: String = "HY000", message: String, kind: Kind) {
        self.errno = errno
        self.sqlState = sqlState
        self.message = message
        self.kind = kind
    }

    /// The last error of a handle on which a call has failed.
    init(of handle: UnsafeMutablePointer<MYSQL>, during phase: Phase) {
        self.init(
            errno: mysql_errno(handle), sqlState: mysql_sqlstate(handle), message: mysql_error(handle),
            during: phase)
    }

    /// The last error of a prepared statement.
    init(of statement: UnsafeMutablePointer<MYSQL_STMT>) {
        self.init(
            errno: mysql_stmt_errno(statement), sqlState: mysql_stmt_sqlstate(statement),
            message: mysql_stmt_error(statement), during: .connected)
    }

    private init(
        errno: UInt32, sqlState: UnsafePointer<CChar>, message: UnsafePointer<CChar>, during phase: Phase
    ) {
        // libmariadb rejects some malformed packets without saying why: in 10.11.19 without an error, in
        // 10.11.18 with one that is unknown even to itself. In both cases it is unknown what the server's
        // next bytes mean.
        let isUnexplained = errno == 0 || phase == .connected && errno == UInt32(CR_UNKNOWN_ERROR)
        guard !isUnexplained else {
            let malformed = UInt32(CR_MALFORMED_PACKET)
            self.init(
                errno: malformed, message: "the server's answer could not be understood",
                kind: Self.kind(of: malformed, during: phase))
            return
        }
        self.init(
            errno: errno, sqlState: String(cString: sqlState), message: Self.line(String(cString: message)),
            kind: Self.kind(of: errno, during: phase))
    }

    /// The message as one line that does nothing to a terminal: a server may say anything.
    private static func line(_ message: String) -> String {
        let isPlain = { (scalar: Unicode.Scalar) in
            scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
        }
        if message.unicodeScalars.allSatisfy(isPlain) { return message }
        return String(String.UnicodeScalarView(message.unicodeScalars.map { isPlain($0) ? $0 : " " }))
    }

    private static func kind(of errno: UInt32, during phase: Phase) -> Kind {
        switch phase {
        case .connecting: unreachable.contains(Int32(errno)) ? .unreachable : .refused
        case .connected:
            isOfClient(errno) || closingErrors.contains(Int32(errno)) || closingErrorsOfMySQL.contains(errno)
                ? .connectionLost : .statement
        }
    }

    /// Whether it is an error of libmariadb's. After every one of them it is unknown what the server's next
    /// bytes mean, so that the connection cannot be used any more.
    private static func isOfClient(_ errno: UInt32) -> Bool {
        (2000...2999).contains(errno) || (5000...5999).contains(errno)
    }

    /// Errors while connecting that are the network's, the name's, those of a peer that fell silent or hung
    /// up, or of TLS.
    private static let unreachable: Set<Int32> = [
        CR_SOCKET_CREATE_ERROR, CR_CONNECTION_ERROR, CR_CONN_HOST_ERROR, CR_IPSOCK_ERROR, CR_UNKNOWN_HOST,
        CR_SERVER_GONE_ERROR, CR_SERVER_HANDSHAKE_ERR, CR_SERVER_LOST, CR_SERVER_LOST_EXTENDED,
        CR_SSL_CONNECTION_ERROR,
    ]

    /// Errors after which the server itself closes the connection.
    private static let closingErrors: Set<Int32> = [
        ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN, ER_FORCING_CLOSE, ER_ABORTING_CONNECTION,
        ER_NEW_ABORTING_CONNECTION,
        ER_NET_PACKET_TOO_LARGE, ER_NET_READ_ERROR_FROM_PIPE, ER_NET_FCNTL_ERROR, ER_NET_PACKETS_OUT_OF_ORDER,
        ER_NET_UNCOMPRESS_ERROR, ER_NET_READ_ERROR, ER_NET_READ_INTERRUPTED, ER_NET_ERROR_ON_WRITE,
        ER_NET_WRITE_INTERRUPTED, ER_CONNECTION_KILLED,
    ]

    /// The same of a MySQL, which libmariadb has no names for.
    private static let closingErrorsOfMySQL: Set<UInt32> = [
        ErrorNumber.idleConnectionEnded, ErrorNumber.sessionKilled,
    ]
}

extension DatabaseError: CustomStringConvertible {
    /// `1064 (42000): You have an error in your SQL syntax; …`
    package var description: String { "\(errno) (\(sqlState)): \(message)" }
}
