package import Relations

/// A client that speaks something else. It gets one `bad_json` and is closed, before it waits for an answer that it
/// could understand.
package enum ForeignProtocol: Hashable, Sendable {
    case tls
    case http

    /// Looks at the first bytes of a connection.
    package static func detect(_ bytes: UnsafeRawBufferPointer) -> ForeignProtocol? {
        // A TLS record: type 22 (handshake), version 3.x (RFC 8446, section 5.1).
        if bytes.starts(with: [0x16, 0x03]) { return .tls }
        return httpStarts.contains { bytes.starts(with: $0.utf8) } ? .http : nil
    }

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
