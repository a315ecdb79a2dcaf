import Configuration
import MariaDB

// For an operator: what to set after an error of connecting, where the settings can be to blame.

extension DatabaseError {
    /// The error, with advice about what to set if that may be the reason.
    func explained(_ database: Settings.Database) -> String {
        database.advice(after: self).map { "\(self); \($0)" } ?? "\(self)"
    }
}

extension Settings.Database {
    /// What to do after the error; nil if the settings have nothing to do with it.
    func advice(after error: DatabaseError) -> String? {
        switch error.errno {
        case ErrorNumber.accessDenied, ErrorNumber.accessDeniedWithoutPassword: adviceAfterDenial
        case ErrorNumber.databaseAccessDenied:
            "GRANT SELECT ON `\(name)`.* to the account (a role counts only once it is its default role)"
        case ErrorNumber.secureTransportRequired: "set database.tls"
        case ErrorNumber.pluginNotAllowed where isPasswordSafe:
            "give the account another plugin: OPERATIONS.md has a list"
        case ErrorNumber.pluginNotAllowed: Self.adviceForPlugins
        case ErrorNumber.unsupportedServer: "database.socket, database.host or database.servers leads to it"
        case ErrorNumber.tlsFailed: advice(afterTLS: error.message)
        default: nil
        }
    }

    /// Whether the plugins that may send the password as it is are used with these settings.
    private var isPasswordSafe: Bool {
        Endpoint(self, at: candidates[0], purpose: .application).isPasswordSafe
    }

    private static let adviceForPlugins =
        "set database.tls = \"verify_identity\", or name the server's public key in database.server_public_key, "
        + "or use its Unix socket in database.socket"

    // MARK: The login was denied

    /// The server says the same of a wrong password, of a wrong key to encrypt it by, and of an account that
    /// demands TLS, a certificate, or another account of the system.
    private var adviceAfterDenial: String {
        let isEncrypted = tls(at: candidates[0]) != .off
        var advice = passwordSource.advice
        switch candidates[0] {
        case .socket where password.text.isEmpty:
            advice +=
                "; an account with auth_socket or unix_socket is only for the system's account of its name: "
                + "sudo -u \(user) …"
        case .socket: advice += "; an account with REQUIRE SSL cannot log in over a Unix socket"
        case .tcp where !isEncrypted:
            if let key = serverPublicKey {
                advice += "; or '\(key)' is not the server's public key: compare it with its public_key.pem"
            }
            advice += "; an account with REQUIRE SSL needs database.tls"
        case .tcp:
            if tlsCertificate == nil { advice += "; an account with REQUIRE X509 needs database.tls_cert" }
        }
        return advice
    }

    // MARK: TLS failed

    /// libmariadb has one number for all that TLS can meet, and tells the rest in its own words or OpenSSL's.
    private func advice(afterTLS message: String) -> String? {
        if let problem = problemsOfFiles.first { return "database.\(problem.setting) \(problem.message)" }
        if message.contains("timed out") || message.contains("reset by peer") { return nil }
        if message.contains("has expired") || message.contains("not yet valid") {
            return "the server needs a certificate that is valid now, or this machine's clock is wrong"
        }
        if tls == nil { return Self.adviceForNewDefault }
        return message.contains("server does not support it") ? Self.adviceWithoutTLS : Self.adviceForIdentity
    }

    private static let adviceForIdentity =
        "name the CA of the server's certificate in database.tls_ca, and use the name in database.host (or "
        + "database.servers) that it was made out for"

    private static let adviceWithoutTLS =
        "turn TLS on at the server, or set database.tls = \"off\" where everybody on the way may read and "
        + "change what is said"

    private static let adviceForNewDefault =
        "database.tls is not set, which is \"verify_identity\" for a host that is not this machine: \(adviceForIdentity); "
        + "or set database.tls = \"off\" where everybody on the way may read and change what is said"
}
