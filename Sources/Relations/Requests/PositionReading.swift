extension Column {
    /// Why the column's values do not say where a row stands among others; nil if they do.
    func positionObstacle(_ dialect: Dialect) -> String? {
        switch type {
        case .json, .geometry: return "a \(declaration) cannot be compared with a value"
        case .enumeration, .set: return "an ENUM or SET is sorted by the numbers of its labels"
        case .text(let length, _, let collation):
            if dialect.sortsNoPadTextsOtherwise, collation.contains("nopad") {
                return "the server sorts texts in \(collation) in another order than it compares them"
            }
            return lengthObstacle(length)
        case .binary(let length): return lengthObstacle(length)
        case .integer, .year, .bit, .decimal, .float, .double, .date, .time, .datetime, .timestamp, .uuid,
            .inet4, .inet6:
            return nil
        }
    }

    private func lengthObstacle(_ length: Int) -> String? {
        guard length > Self.maxSortedLength else { return nil }
        return "a \(declaration) is too long to be sorted as a whole"
    }

    /// The greatest length of a text or of bytes. For every row that a sort looks at, the server keeps room
    /// for the longest value, up to 32 bytes for a character; a `TEXT` would not fit the sort buffer (error
    /// 1038), and MariaDB sorts it by its beginning only where there is a `LIMIT`.
    private static let maxSortedLength = 1000
}

// MARK: Values

extension Column {
    /// A value of a position, as a row has it.
    /// - Returns: nil for `NULL`.
    /// - Throws: `bad_value` for what no row of the column has.
    fileprivate func positionValue(_ literal: Literal) throws(Failure) -> Scalar? {
        if literal == .null {
            // The server finds a zero date by IS NULL, if the column itself has no NULL.
            guard isNullable else { throw Failure(.badValue, "null, and the column is NOT NULL") }
            return nil
        }
        let value = try Scalar(literal, as: type)
        if let fault = fault(of: value) { throw Failure(.badValue, fault) }
        return value
    }

    /// Why no row has this value, or why it does not say which.
    private func fault(of value: Scalar) -> String? {
        switch (type, value) {
        case (.text(let length, _, _), .text(let text)):
            // Bytes that begin no character of UTF-8: 10xxxxxx.
            if text.count > length, text.count(where: { $0 & 0xC0 != 0x80 }) > length {
                return "longer than \(declaration); the server would cut it"
            }
            if text.last == UInt8(ascii: " "), declaration.hasPrefix("char") {
                return "a \(declaration) has no blanks at its end"
            }
            if type.mayLackCharacters, text.contains(UInt8(ascii: "?")) {
                return
                    "a '?' may stand for bytes that the column's character set has no character for, so that "
                    + "this is no position"
            }
            return nil
        case (.binary(let length), .bytes(let bytes)):
            return bytes.count > length ? "longer than \(declaration); the server would cut it" : nil
        default: return nil
        }
    }
}

// MARK: Positions

extension Paging {
    /// Checks the position that a client gave for a single key.
    /// - Returns: nil for the first page.
    /// - Throws: `bad_value`, with a message that begins with the member.
    package func position(_ value: PositionInput) throws(Failure) -> Position? {
        switch value {
        case .end: return nil
        case .list(let elements):
            var literals: [Literal] = []
            for element in elements {
                switch element {
                case .scalar(let literal): literals.append(literal)
                case .list: throw wrong("a list within a list")
                case .unusable(let found): throw wrong("\(found) within a list")
                }
            }
            return try position(literals)
        }
    }

    /// Checks one of the positions that a client gave for several keys.
    /// - Returns: nil for the first page.
    /// - Throws: `bad_value`, with a message that begins with the member.
    package func position(_ element: KeyInput) throws(Failure) -> Position? {
        switch element {
        case .scalar(.null): return nil
        case .list(let literals): return try position(literals)
        case .scalar: throw wrong("a single value")
        case .unusable(let found): throw wrong(found)
        }
    }

    private func position(_ literals: [Literal]) throws(Failure) -> Position {
        guard literals.count == columns.count else { throw wrong("\(literals.count)") }
        var values: [Scalar?] = []
        for (column, literal) in zip(columns, literals) {
            do throws(Failure) {
                values.append(try column.positionValue(literal))
            } catch {
                throw Failure(.badValue, "\(direction.rawValue), column '\(column.name)': \(error.message)")
            }
        }
        return Position(values)
    }

    private func wrong(_ found: String) -> Failure {
        let names = columns.map(\.name).joined(separator: ", ")
        let values = columns.count == 1 ? "1 value" : "\(columns.count) values"
        return Failure(
            .badValue, "\(direction.rawValue): a position has \(values) (\(names)), not \(found)")
    }
}
