package import Relations

/// Another protocol, which a client speaks by mistake. The client gets one `bad_json` and is disconnected, so
/// that it does not wait for an answer in its own protocol.
package enum ForeignProtocol: Hashable, Sendable {
    case tls
    case http

    /// Recognises another protocol by the first bytes of a connection; nil if there is no sign of one.
    package static func detect(_ bytes: UnsafeRawBufferPointer) -> ForeignProtocol? {
        // A TLS record: type 22 (handshake), version 3.x (RFC 8446, section 5.1).
        if bytes.starts(with: [0x16, 0x03]) { return .tls }
        return httpStarts.contains { bytes.starts(with: $0.utf8) } ? .http : nil
    }

    /// The error that tells the client about its mistake.
    package var failure: Failure {
        switch self {
        case .tls:
            Failure(.badJSON, "this is TLS, and this socket expects plain lines of JSON; connect without TLS")
        case .http: Failure(.badJSON, "this is HTTP; send one JSON object on one line instead")
        }
    }

    private static let httpStarts = [
        "GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "PRI * HTTP/2",
    ]
}
