package import Configuration
import MariaDB

// What the settings say of TLS and of the login, in the driver's words, and what they mean for an error.

extension TLS {
    /// Nil if connections to this server are not encrypted.
    init?(_ database: Settings.Database, at server: DatabaseServer) {
        guard case .tcp(let host, _) = server else { return nil }
        let verification: Verification
        switch database.tls(at: server) {
        case .off: return nil
        case .required: verification = .chain
        case .verifyIdentity: verification = .identity(host)
        }
        self.init(
            verification, ca: database.tlsCA, certificate: database.tlsCertificate, key: database.tlsKey)
    }
}

extension Settings.Database {
    /// What is wrong with the files that these settings name; see `SettingsReader.FileCheck`.
    package var problemsOfFiles: [(setting: String, message: String)] {
        let key = tlsCertificate.map { certificate in
            { (path: String) in PEMFile.problemOfKey(path, certificate: certificate) }
        }
        let checks: [(String, String?, ((String) -> String?)?)] = [
            ("tls_ca", tlsCA, PEMFile.problemOfCA),
            ("tls_cert", tlsCertificate, PEMFile.problemOfCertificate),
            ("tls_key", tlsKey, key),
            ("server_public_key", serverPublicKey, Endpoint.problemOfServerPublicKey),
        ]
        return checks.compactMap { setting, path, check in
            guard let path, let problem = check?(path) else { return nil }
            return (setting, "'\(path)' cannot be used: \(problem)")
        }
    }

    /// For an operator, what to set after an error of TLS or of the login; nil if the error is another one.
    func hint(after error: DatabaseError) -> String? {
        switch error.errno {
        case ErrorNumber.accessDenied, ErrorNumber.accessDeniedWithoutPassword: passwordSource.hint
        case ErrorNumber.pluginNotAllowed: Self.loginHint
        case ErrorNumber.unsupportedServer: Self.serverHint
        case ErrorNumber.tlsFailed where tls == nil: Self.newDefaultHint
        // libmariadb has no number of its own for it.
        case ErrorNumber.tlsFailed where error.message.contains("server does not support it"): Self.noTLSHint
        case ErrorNumber.tlsFailed: Self.identityHint
        default: nil
        }
    }

    private static let serverHint =
        "database.socket, database.host or database.servers leads to it"

    private static let loginHint =
        "set database.tls = \"verify_identity\", or name the server's public key in database.server_public_key, "
        + "or use its Unix socket in database.socket"

    private static let identityHint =
        "name the CA of the server's certificate in database.tls_ca, and use the name in database.host (or "
        + "database.servers) that it was made out for"

    private static let noTLSHint =
        "turn TLS on at the server, or set database.tls = \"off\" where everybody on the way may read and "
        + "change what is said"

    private static let newDefaultHint =
        "database.tls is not set, which is \"verify_identity\" for a host that is not this machine: \(identityHint); "
        + "or set database.tls = \"off\" where everybody on the way may read and change what is said"
}
