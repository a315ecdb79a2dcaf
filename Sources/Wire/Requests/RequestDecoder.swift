import Relations

/// Decodes a line as a request, or finds the reason why it is none.
package struct RequestDecoder {
    /// The bounds of a request, which the configuration sets.
    package struct Limits: Hashable, Sendable {
        /// The greatest number of keys in a request.
        package let maxKeys: Int
        /// The greatest number of levels of `include` within one another.
        package let maxIncludeDepth: Int
        /// The greatest number of included relationships at all levels of a request.
        package let maxIncludes: Int

        package init(maxKeys: Int, maxIncludeDepth: Int, maxIncludes: Int) {
            self.maxKeys = maxKeys
            self.maxIncludeDepth = maxIncludeDepth
            self.maxIncludes = maxIncludes
        }
    }

    /// The greatest number of objects and lists within one another, including the request itself.
    static let maxDepth = 64
    /// The greatest number of bytes of an id that is a string, without quotes and escapes.
    static let maxIDBytes = 128

    private let limits: Limits
    private var templates = RequestTemplates()

    package init(_ limits: Limits) {
        self.limits = limits
    }

    /// Decodes a line.
    /// - Parameter line: the line without its end.
    package mutating func decode(_ line: UnsafeRawBufferPointer) -> Result<Request, Rejection> {
        if let request = templates.read(line, limits) { return .success(request) }
        var draft = RequestDraft(limits)
        do throws(JSONError) {
            try draft.read(line)
        } catch {
            let message = "the line is not a JSON object in UTF-8: \(error.reason) at byte \(error.offset)"
            return .failure(Rejection(id: nil, failure: Failure(.badJSON, message)))
        }
        do throws(Failure) {
            let operation = try draft.operation()
            if case .load(let load) = operation { templates.learn(line, draft.slots, load.shape) }
            return .success(Request(id: draft.id, operation: operation))
        } catch {
            return .failure(Rejection(id: draft.id, failure: error))
        }
    }
}

/// What a request can have in `op`.
enum OperationName: String, CaseIterable {
    case ping, hello, describe, stats, cancel

    /// The members that a request of this operation can have.
    var members: MemberSet {
        switch self {
        case .ping, .hello, .stats: MemberSet(.id, .op)
        case .describe: MemberSet(.id, .op, .load)
        case .cancel: MemberSet(.id, .op, .target)
        }
    }
}

extension RequestDraft {
    /// The operations that the protocol knows, but this version does not.
    private static let laterOperations = ["auth"]

    fileprivate func operation() throws(Failure) -> Operation {
        // This comes first, so that "auth" is refused as such and not because of its "token".
        let name = try operationName()
        if let problem { throw problem }
        guard let name else {
            if let problem = options?.problem { throw problem }
            return .load(try loadOperation())
        }
        if let other = present.first(outside: name.members) {
            throw Failure(.badRequest, "op '\(name.rawValue)' does not take member '\(other.name)'")
        }
        return switch name {
        case .ping: .ping
        case .hello: .hello
        case .stats: .stats
        case .describe: .describe(relationship: load)
        case .cancel: .cancel(target: try cancelled())
        }
    }

    private func cancelled() throws(Failure) -> RequestID {
        guard let target else {
            throw Failure(.badRequest, "op 'cancel' needs member 'target', the id of the request to give up")
        }
        return target
    }

    private func operationName() throws(Failure) -> OperationName? {
        guard let op else { return nil }
        if let name = OperationName(rawValue: op) { return name }
        if Self.laterOperations.contains(op) {
            throw Failure(.badRequest, "op '\(op)' is not supported by this version of kindred")
        }
        let hint = Suggestion.hint(
            to: op, among: OperationName.allCases.map(\.rawValue) + Self.laterOperations)
        throw Failure(.badRequest, "unknown op \(QuotedInput.quoted(op))\(hint)")
    }

    private func loadOperation() throws(Failure) -> Load {
        if present.contains(.target) {
            throw Failure(.badRequest, "member 'target' goes with op 'cancel' only")
        }
        guard let load else {
            throw Failure(.badRequest, "a request needs member 'load' (a relationship's name) or member 'op'")
        }
        let (keys, isByParent) = try keysOfLoad()
        let shape = LoadShape(
            relationship: load, isByParent: isByParent, options: options?.options,
            sourceVersion: sourceVersion)
        return Load(
            shape, keys: keys, positions: options?.positions, timeoutMilliseconds: timeoutMilliseconds)
    }

    private static let keyMembers: [Member] = [.key, .keys, .parent, .parents]

    /// The keys of a load, and whether they are those of the parent's primary key.
    private func keysOfLoad() throws(Failure) -> (Keys, isByParent: Bool) {
        guard present.count(among: MemberSet(.key, .keys, .parent, .parents)) < 2 else {
            let given = Self.keyMembers.filter(present.contains)
            throw Failure(
                .badRequest, "a load takes member '\(given[0].name)' or '\(given[1].name)', not both")
        }
        if let key { return (.one(key), false) }
        if let keys { return (.many(keys), false) }
        if let parent { return (.one(parent), true) }
        if let parents { return (.many(parents), true) }
        throw Failure(.badRequest, "a load needs member 'key' or member 'keys'")
    }
}
