import Relations

/// Turns a line into a request, or into the reason why it is none.
package enum RequestDecoder {
    package struct Limits: Hashable, Sendable {
        /// Of one request.
        package let maxKeys: Int

        package init(maxKeys: Int) {
            self.maxKeys = maxKeys
        }
    }

    /// Objects and lists inside one another, the request itself included.
    static let maximumDepth = 64
    /// Bytes of an id that is a string, without quotes and escapes.
    static let longestID = 128

    /// - Parameter line: without its end.
    package static func decode(_ line: UnsafeRawBufferPointer, limits: Limits) -> Result<Request, Rejection> {
        var draft = RequestDraft(maxKeys: limits.maxKeys)
        do throws(JSONError) {
            try draft.read(line)
        } catch {
            let message = "the line is not a JSON object in UTF-8: \(error.reason) at byte \(error.offset)"
            return .failure(Rejection(id: nil, failure: Failure(.badJSON, message)))
        }
        do throws(Failure) {
            return .success(Request(id: draft.id, operation: try draft.operation()))
        } catch {
            return .failure(Rejection(id: draft.id, failure: error))
        }
    }
}

private enum OperationName: String, CaseIterable {
    case ping, hello, describe, stats
}

extension RequestDraft {
    /// Known to the protocol, and not to this version.
    private static let laterOperations = ["cancel", "auth"]

    fileprivate func operation() throws(Failure) -> Operation {
        // First, so that "cancel" is refused as such, and not for its "target".
        let name = try operationName()
        if let problem { throw problem }
        guard let name else { return .load(try loadOperation()) }
        let other = present.first(
            outside: name == .describe ? MemberSet(.id, .op, .load) : MemberSet(.id, .op))
        if let other {
            throw Failure(.badRequest, "op '\(name.rawValue)' does not take member '\(other.name)'")
        }
        return switch name {
        case .ping: .ping
        case .hello: .hello
        case .stats: .stats
        case .describe: .describe(relationship: load)
        }
    }

    private func operationName() throws(Failure) -> OperationName? {
        guard let op else { return nil }
        if let name = OperationName(rawValue: op) { return name }
        if Self.laterOperations.contains(op) {
            throw Failure(.badRequest, "op '\(op)' is not supported by this version of kindred")
        }
        let hint = Nearest.hint(to: op, among: OperationName.allCases.map(\.rawValue) + Self.laterOperations)
        throw Failure(.badRequest, "unknown op \(Excerpt.quoted(op))\(hint)")
    }

    private func loadOperation() throws(Failure) -> Load {
        guard let load else {
            throw Failure(.badRequest, "a request needs member 'load' (a relationship's name) or member 'op'")
        }
        let keys: Keys
        switch (key, self.keys) {
        case (let key?, nil): keys = .one(key)
        case (nil, let many?): keys = .many(many)
        case (nil, nil): throw Failure(.badRequest, "a load needs member 'key' or member 'keys'")
        case (_?, _?): throw Failure(.badRequest, "a load takes member 'key' or member 'keys', not both")
        }
        return Load(relationship: load, keys: keys, timeoutMilliseconds: timeoutMilliseconds)
    }
}
