import COpenSSL
import Glibc

/// Looks at files that libmariadb will read, because it tells little of what it dislikes in them, and passes
/// over a public key that it cannot read. Every check returns what is wrong, without the file's name, or nil.
package enum PEMFile {
    /// The size of the largest file that is looked at; the system's bundle of CAs has 220 kB.
    private static let maxBytes = 1 << 24

    /// Whether it has a public RSA key, as `caching_sha2_password` and `sha256_password` use one.
    package static func problemOfPublicKey(_ path: String) -> String? {
        problem(of: path) { file in
            guard let key = PEM_read_bio_PUBKEY(file, nil, nil, nil) else {
                return "it has no public key in PEM form (BEGIN PUBLIC KEY)"
            }
            defer { EVP_PKEY_free(key) }
            return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? nil : "its public key is no RSA key"
        }
    }

    /// Whether it has certificates.
    package static func problemOfCA(_ path: String) -> String? {
        problem(of: path) { _ in
            withContext { context in
                SSL_CTX_load_verify_locations(context, path, nil) == 1
                    ? nil : "it has no certificate in PEM form (BEGIN CERTIFICATE): \(lastReason)"
            }
        }
    }

    /// Whether it has a certificate that can be shown to a server.
    package static func problemOfCertificate(_ path: String) -> String? {
        problem(of: path) { _ in
            withContext { context in
                SSL_CTX_use_certificate_chain_file(context, path) == 1
                    ? nil : "it has no certificate that can be used: \(lastReason)"
            }
        }
    }

    /// Whether it has the key of the certificate, and is not for everybody to read.
    package static func problemOfKey(_ path: String, certificate: String) -> String? {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & S_IROTH != 0 {
            return "it can be read by everyone on this machine: chmod o= '\(path)'"
        }
        return problem(of: path) { file in
            // The callback has no passphrase; without one, OpenSSL would ask at the terminal.
            guard let key = PEM_read_bio_PrivateKey(file, nil, { _, _, _, _ in -1 }, nil) else {
                return "it has no private key in PEM form, or one that is encrypted: \(lastReason)"
            }
            defer { EVP_PKEY_free(key) }
            return withContext { context in
                // A certificate that cannot be used is told by its own check.
                guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else { return nil }
                return SSL_CTX_use_PrivateKey(context, key) == 1
                    && SSL_CTX_check_private_key(context) == 1
                    ? nil : "its key is not that of the certificate '\(certificate)': \(lastReason)"
            }
        }
    }

    private static func problem(of path: String, _ look: (OpaquePointer) -> String?) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return String(cString: strerror(errno)) }
        // Opening a pipe would wait.
        guard status.st_mode & S_IFMT == S_IFREG else { return "it is no regular file" }
        guard status.st_size <= maxBytes else { return "it has more than \(maxBytes) bytes" }
        guard access(path, R_OK) == 0 else { return String(cString: strerror(errno)) }
        precondition(OpenSSL.isReady, "OpenSSL could not be initialised")
        ERR_clear_error()
        guard let file = BIO_new_file(path, "r") else { return lastReason }
        defer { BIO_free(file) }
        return look(file)
    }

    private static func withContext(_ look: (OpaquePointer) -> String?) -> String? {
        guard let context = SSL_CTX_new(TLS_client_method()) else { return lastReason }
        defer { SSL_CTX_free(context) }
        return look(context)
    }

    /// What OpenSSL says that went wrong last; the thread's queue of errors is empty afterwards.
    private static var lastReason: String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason is known"
    }
}
