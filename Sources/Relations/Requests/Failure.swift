/// Why a request, or one key of it, has no answer: the protocol's error object.
package struct Failure: Error, Hashable, Sendable {
    /// The codes of the protocol; the raw value is what stands on the wire.
    package enum Code: String, Sendable, CaseIterable {
        case badJSON = "bad_json"
        case lineTooLong = "line_too_long"
        case badRequest = "bad_request"
        case unknownRelationship = "unknown_relationship"
        case unknownColumn = "unknown_column"
        case badKey = "bad_key"
        case badValue = "bad_value"
        case sourceChanged = "source_changed"
        case tooManyKeys = "too_many_keys"
        case resultTooLarge = "result_too_large"
        case overloaded
        case timeout
        case cancelled
        case databaseUnavailable = "database_unavailable"
        case databaseError = "database_error"
        case shuttingDown = "shutting_down"
    }

    package let code: Code
    /// One sentence that says what is wrong, where, and what to do.
    package let message: String
    /// The database server's error number; nil unless the code is `database_error`.
    package let mysqlErrno: UInt32?

    /// Whether the database server has reported a state that passes by itself; false unless the code is
    /// `database_error`.
    private let passesByItself: Bool

    package init(
        _ code: Code, _ message: String, mysqlErrno: UInt32? = nil, passesByItself: Bool = false
    ) {
        self.code = code
        self.message = message
        self.mysqlErrno = mysqlErrno
        self.passesByItself = passesByItself
    }

    /// Returns the same failure with another message.
    package func saying(_ message: String) -> Failure {
        Failure(code, message, mysqlErrno: mysqlErrno, passesByItself: passesByItself)
    }

    /// Whether the same request may succeed if it is sent again.
    package var retryable: Bool {
        switch code {
        case .overloaded, .timeout, .databaseUnavailable, .shuttingDown: true
        case .databaseError: passesByItself
        case .badJSON, .lineTooLong, .badRequest, .unknownRelationship, .unknownColumn, .badKey, .badValue,
            .sourceChanged, .tooManyKeys, .resultTooLarge, .cancelled:
            false
        }
    }
}
