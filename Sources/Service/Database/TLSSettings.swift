package import Configuration
import MariaDB

// What the settings say of TLS and of the login, in the driver's words.

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
}
