import Relations

/// How one part of the key travels in `JSON_TABLE`, and how it is compared with its column there.
///
/// `JSON_TABLE` first stores each value in its declared column, and clamps, cuts or replaces what does not
/// fit there with nothing but a warning. So the declared column must be able to hold every checked key: it
/// has the key's own type, or is a text as long as the longest key in the batch.
struct KeyColumn {
    /// The type of the parent's column, against which the value was checked.
    let key: ColumnType
    /// The column that must equal the value.
    let column: Column

    // BIGINT, VARCHAR(7) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci
    /// The type of the column that is declared in `JSON_TABLE`.
    /// - Parameter maxLength: the characters of the longest key in the batch.
    func declaration(maxLength: Int) -> String {
        guard let (charset, collation) = column.type.encoding else {
            return scalarDeclaration(maxLength: maxLength)
        }
        return "\(Self.text(maxLength)) CHARACTER SET \(charset) COLLATE \(collation)"
    }

    private func scalarDeclaration(maxLength: Int) -> String {
        switch key {
        case .integer(_, let signed, _): signed ? "BIGINT" : "BIGINT UNSIGNED"
        case .year, .bit: "BIGINT UNSIGNED"
        case .decimal(let precision, let scale, _): "DECIMAL(\(precision),\(scale))"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .date: "DATE"
        case .time(let fraction): "TIME(\(fraction))"
        // Not TIMESTAMP: 1960 and 9999 would be stored as the zero date there, which a row may really have.
        case .datetime(let fraction), .timestamp(let fraction): "DATETIME(\(fraction))"
        case .text, .enumeration, .set, .binary, .uuid, .inet4, .inet6, .json, .geometry:
            "\(Self.text(maxLength)) CHARACTER SET latin1"
        }
    }

    /// The type of a text. All `VARCHAR`s of a row share 65,535 bytes, so that a longer key travels as
    /// `LONGTEXT`.
    static func text(_ length: Int) -> String {
        length <= 1000 ? "VARCHAR(\(max(1, length)))" : "LONGTEXT"
    }

    // k.k0, UNHEX(k.k0), CAST(k.k0 AS UUID)
    /// The key as a value that can be looked up in the column's index.
    /// - Parameter name: the column of `JSON_TABLE`.
    func expression(_ name: String) -> String {
        switch column.type {
        case .binary: "UNHEX(\(name))"
        case .uuid: "CAST(\(name) AS UUID)"
        case .inet4: "CAST(\(name) AS INET4)"
        case .inet6: "CAST(\(name) AS INET6)"
        case .integer, .year, .bit, .decimal, .float, .double, .date, .time, .datetime, .timestamp, .text,
            .enumeration, .set, .json, .geometry:
            name
        }
    }

    /// Whether the value must survive conversion into the column's character set and back. A key may contain
    /// characters that the character set lacks; they become `?` there, which another row may really have, but
    /// such a key equals nothing.
    var needsRoundTrip: Bool {
        column.type.charset.map { $0 != "utf8mb4" } ?? false
    }

    /// Whether `column = literal` finds exactly the rows of one key: the literal has the column's own type,
    /// and the server converts nothing but the literal.
    var hasExactLiteral: Bool {
        switch column.type {
        case .integer, .year, .bit, .decimal, .binary, .uuid, .inet4, .inet6: true
        // A day with a time and one without are compared as two typed columns. MySQL rounds the literal of a
        // time to the column's fraction.
        case .date, .time, .datetime, .timestamp: key == column.type
        case .text, .enumeration, .set: !needsRoundTrip
        // FLOAT would be compared as DOUBLE, in which 0.1 is another number.
        case .float, .double, .json, .geometry: false
        }
    }

    /// Whether the value has more characters than the column can hold.
    func isShorter(than value: Scalar) -> Bool {
        guard case .text(let length, _, _) = column.type, case .text(let bytes) = value else { return false }
        // Bytes that begin no character of UTF-8: 10xxxxxx.
        return bytes.count > length && bytes.count { $0 & 0xC0 != 0x80 } > length
    }

    /// Whether the key cannot share a query, because the column's index serves only literals: an `ENUM` or
    /// `SET` that is joined with a text is scanned.
    var needsOwnQuery: Bool {
        column.type.hasLabels
    }
}
