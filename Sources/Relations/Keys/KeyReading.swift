extension Relationship {
    /// The integers that are keys as they are: those that ``read(_:)`` makes a single key of. Nil if the key
    /// is not one column of integers.
    package var integerKeys: ClosedRange<Int64>? {
        guard key.count == 1, case .integer = key[0].type else { return nil }
        return key[0].type.integerRange?.int64
    }

    /// Checks the key that a client gave against the parent's columns. The parts beside a `NULL` are checked
    /// too.
    /// - Returns: nil for a key that is `NULL` or has a part that is, and so equals nothing.
    /// - Throws: `bad_key`.
    package func read(_ input: KeyInput) throws(Failure) -> Key? {
        switch input {
        case .scalar(let literal): return try readSingle(literal)
        case .list(let literals): return try readComposite(literals)
        case .unusable(let found): throw Failure(.badKey, "\(keyText): expected \(expected), found \(found)")
        }
    }

    // "key":42
    private func readSingle(_ literal: Literal) throws(Failure) -> Key? {
        if literal == .null { return nil }
        guard key.count == 1 else {
            throw Failure(.badKey, "\(keyText): expected \(expected), found a single value")
        }
        return .single(try read(literal, part: 0))
    }

    // "key":[2024,17]
    private func readComposite(_ literals: [Literal]) throws(Failure) -> Key? {
        guard key.count > 1, literals.count == key.count else {
            throw Failure(.badKey, "\(keyText): expected \(expected), found a list of \(literals.count)")
        }
        var parts: [Scalar] = []
        for (part, literal) in literals.enumerated() where literal != .null {
            parts.append(try read(literal, part: part))
        }
        return parts.count == key.count ? .composite(parts) : nil
    }

    // The column is given by its index, since handing over the column itself copies it for every key.
    private func read(_ literal: Literal, part: Int) throws(Failure) -> Scalar {
        do {
            return try Scalar(literal, as: key[part].type)
        } catch {
            throw Failure(error.code, "\(keyText), column '\(key[part].name)': \(error.message)")
        }
    }

    private var keyText: String { "key of '\(name)'" }

    private var expected: String {
        guard key.count > 1 else { return "one \(key[0].declaration)" }
        return "a list of \(key.count) (\(key.map(\.name).joined(separator: ", ")))"
    }
}
