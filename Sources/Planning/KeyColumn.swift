import Relations

/// How a key's part travels in `JSON_TABLE`, and how it meets the column there.
///
/// `JSON_TABLE` stores each value into its declared column first and clamps, cuts or replaces what does not fit,
/// with a mere warning. So the declared column must hold every checked key: it has the key's own type, or text as
/// long as the longest key in the batch.
struct KeyColumn {
    /// The parent's side: what the value was checked against.
    let key: ColumnType
    /// The column that must equal it.
    let column: Column

    /// `BIGINT`, `VARCHAR(7) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`
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
        // Not TIMESTAMP: storing 1960 or 9999 there gives the zero date, which a row may really hold.
        case .datetime(let fraction), .timestamp(let fraction): "DATETIME(\(fraction))"
        case .text, .enumeration, .set, .binary, .uuid, .inet4, .inet6, .json, .geometry:
            "\(Self.text(maxLength)) CHARACTER SET latin1"
        }
    }

    /// All `VARCHAR`s of a row share 65,535 bytes; a longer key travels as `LONGTEXT`.
    static func text(_ length: Int) -> String {
        length <= 1000 ? "VARCHAR(\(max(1, length)))" : "LONGTEXT"
    }

    /// `k.k0`, `UNHEX(k.k0)`, `CAST(k.k0 AS UUID)`: the key as a value that the column's index can look up.
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

    /// A key may hold characters that the column's character set does not have; stored there they become `?`, which
    /// another row may really hold. Such a key equals nothing, so the value must survive the way there and back.
    var needsRoundTrip: Bool {
        column.type.charset.map { $0 != "utf8mb4" } ?? false
    }

    /// Whether `column = literal` is the exact question for one key: the literal is of the column's own type, and
    /// the server converts nothing but it.
    var hasExactLiteral: Bool {
        switch column.type {
        case .integer, .year, .bit, .decimal, .time, .binary, .uuid, .inet4, .inet6: true
        // A moment against a day, or the reverse, is left to a comparison of two typed columns.
        case .date, .datetime, .timestamp: key == column.type
        case .text, .enumeration, .set: !needsRoundTrip
        // FLOAT would be compared as DOUBLE, in which 0.1 is another number.
        case .float, .double, .json, .geometry: false
        }
    }

    /// Whether an index serves the column only for a literal: an `ENUM` or `SET` joined with text is scanned.
    var travelsAlone: Bool {
        column.type.hasLabels
    }
}
