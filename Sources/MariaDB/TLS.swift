/// How a connection is encrypted. The files are read by libmariadb whenever a connection is made.
package struct TLS: Sendable, Hashable {
    /// What is found out about the server before anything is said to it that is secret.
    package enum Verification: Sendable, Hashable {
        /// That it has a certificate of the CA, if one is named; else nothing, so that whoever stands in
        /// between may be the server.
        case chain
        /// That it has a certificate of the CA for this name or address.
        case identity(String)
    }

    package var verification: Verification
    /// The path of a PEM file with the certificates of trusted CAs; nil: those of the system.
    package var ca: String?
    /// The path of a PEM file with the client's certificate, and those that lead to its CA.
    package var certificate: String?
    /// The path of a PEM file with the key of `certificate`, not encrypted.
    package var key: String?

    package init(
        _ verification: Verification, ca: String? = nil, certificate: String? = nil, key: String? = nil
    ) {
        self.verification = verification
        self.ca = ca
        self.certificate = certificate
        self.key = key
    }
}
