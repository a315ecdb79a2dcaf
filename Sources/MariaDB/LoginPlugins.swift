import CMariaDB

// Which plugins may log in. The server says which one it wants, or whoever stands in its place does.
// https://mariadb.com/kb/en/authentication-plugins/

extension Endpoint {
    /// Those that prove that they know the password without telling it, whoever listens.
    private static let alwaysUsable = ["mysql_native_password", "client_ed25519"]
    /// Those that send the password as it is over what libmariadb takes for secure: a Unix socket, and any
    /// connection for which TLS was asked, whether there is TLS or not. Elsewhere they encrypt it by the
    /// server's public key.
    private static let needingProtection = ["caching_sha2_password", "sha256_password"]

    /// The plugins that the server may ask for. Among the others are some that always send the password as it
    /// is, or ask for it at the terminal and wait.
    var loginPlugins: [String] {
        isPasswordSafe ? Self.alwaysUsable + Self.needingProtection : Self.alwaysUsable
    }

    /// Whether the library that the program runs with encrypts a password by the key of `serverPublicKey`.
    /// That of MariaDB 10.11.18 asks the server for its key all the same, and the login is ended then;
    /// 3.3.20, which comes with 10.11.19, does not.
    package static var canUseServerPublicKey: Bool { mysql_get_client_version() >= 30320 }

    /// What is wrong with a file that is to be used for `serverPublicKey`, or with using one at all; nil if
    /// nothing is.
    package static func problemOfServerPublicKey(_ path: String) -> String? {
        canUseServerPublicKey
            ? PEMFile.problemOfPublicKey(path)
            : "libmariadb \(String(cString: mysql_get_client_info())) does not encrypt by it; 3.3.20 or later does "
                + "(libmariadb3 1:10.11.19)"
    }

    /// Whether only the server can read what a plugin sends as it is. An empty password is no secret.
    package var isPasswordSafe: Bool {
        if password.isEmpty { return true }
        switch (transport, tls?.verification) {
        case (.socket, _), (.tcp, .identity): return true
        case (.tcp, .chain): return false
        case (.tcp, nil): return serverPublicKey != nil
        }
    }

    /// What libmariadb says of a plugin that is not among those, in words that make sense without knowing
    /// libmariadb. It names the plugin of the greeting, which need not be the account's.
    var refusalOfPlugin: DatabaseError {
        let message =
            isPasswordSafe
            ? "the account's login plugin is none of those that can be used: "
                + loginPlugins.joined(separator: ", ")
            : "the account's login plugin may send the password as it is (caching_sha2_password and "
                + "sha256_password do), and is used only over a Unix socket, over TLS that verifies the "
                + "server's identity, or with the server's public key"
        return DatabaseError(errno: ErrorNumber.pluginNotAllowed, message: message, kind: .refused)
    }
}

extension Endpoint {
    /// Says so if the server's public key cannot be read any more. libmariadb passes over such a file, and
    /// says that the server's own key could not be had.
    fileprivate var refusalOfPublicKey: DatabaseError? {
        guard let path = serverPublicKey, let problem = PEMFile.problemOfPublicKey(path) else { return nil }
        return DatabaseError(
            errno: ErrorNumber.unknownClientError,
            message: "the server's public key '\(path)' cannot be used: \(problem)", kind: .refused)
    }
}

extension DatabaseError {
    /// Why a handle did not connect to this endpoint.
    init(ofConnecting handle: Handle, to endpoint: Endpoint) {
        let error = DatabaseError(of: handle, during: .connecting)
        if error.errno == ErrorNumber.pluginNotAllowed {
            self = endpoint.refusalOfPlugin
        } else if error.kind == .refused, let refusal = endpoint.refusalOfPublicKey {
            self = refusal
        } else {
            self = error.saidBeforeTLS ?? error
        }
    }

    // Received error packet before completion of TLS handshake. The authenticity of the following error
    // cannot be verified: 1040 - Too many connections
    /// The server's own error if it refused the connection in place of its greeting, where TLS cannot have
    /// begun. libmariadb makes it an error of the connection's. But whoever says so, somebody is there, and
    /// to a server that is only full its good connections are kept.
    private var saidBeforeTLS: DatabaseError? {
        guard message.hasPrefix("Received error packet before completion of TLS handshake"),
            let text = message.split(separator: ": ", maxSplits: 1).last,
            let number = UInt32(text.prefix { $0.isWholeNumber })
        else { return nil }
        let reason = text.drop { $0.isWholeNumber }.drop { " -".contains($0) }
        return DatabaseError(
            errno: number, message: "\(reason) (said before TLS began, by whoever answers there)",
            kind: .refused)
    }
}
