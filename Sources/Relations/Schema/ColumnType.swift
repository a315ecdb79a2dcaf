/// A column's type, as far as it decides how a key is checked, how two values are compared, and how a value
/// is shown.
package enum ColumnType: Hashable, Sendable {
    /// `TINYINT` (8 bits) to `BIGINT` (64 bits).
    case integer(bits: Int, signed: Bool, zerofill: Bool)
    case year
    case bit(width: Int)
    case decimal(precision: Int, scale: Int, unsigned: Bool)
    case float
    case double
    case date
    /// `fraction` is the number of digits behind the second, from 0 to 6, here and in the next two.
    case time(fraction: Int)
    case datetime(fraction: Int)
    case timestamp(fraction: Int)
    /// `CHAR`, `VARCHAR` or `TEXT`, with the maximum length in characters.
    case text(length: Int, charset: String, collation: String)
    case enumeration(charset: String, collation: String)
    case set(charset: String, collation: String)
    /// `BINARY`, `VARBINARY` or `BLOB`, with the maximum length in bytes.
    case binary(length: Int)
    case uuid
    case inet4
    case inet6
    /// A `LONGTEXT` with a `json_valid` check in MariaDB; a type of its own elsewhere.
    case json
    case geometry
}

extension ColumnType {
    /// Whether values are days, with a time of day or without.
    package var isOfDays: Bool { KeyFamily(self) == .day }

    /// The character set and the collation of a text, or of the labels of an `ENUM` or `SET`; nil for every
    /// other type.
    package var encoding: (charset: String, collation: String)? {
        switch self {
        case .text(_, let charset, let collation), .enumeration(let charset, let collation),
            .set(let charset, let collation):
            (charset, collation)
        case .integer, .year, .bit, .decimal, .float, .double, .date, .time, .datetime, .timestamp, .binary,
            .uuid, .inet4, .inet6, .json, .geometry:
            nil
        }
    }

    /// The character set of a text, or of the labels of an `ENUM` or `SET`; nil for every other type.
    package var charset: String? { encoding?.charset }

    /// The collation of a text, or of the labels of an `ENUM` or `SET`; nil for every other type.
    package var collation: String? { encoding?.collation }

    /// Whether a text may contain bytes for which Unicode has no character.
    package var mayLackCharacters: Bool {
        guard case .text(_, let charset, _) = self else { return false }
        return !["utf8mb4", "utf8mb3", "latin1"].contains(charset)
    }

    /// Whether values are stored as the numbers of labels, and compared as texts: `ENUM` and `SET`.
    package var hasLabels: Bool {
        switch self {
        case .enumeration, .set: true
        case .integer, .year, .bit, .decimal, .float, .double, .date, .time, .datetime, .timestamp, .text,
            .binary, .uuid, .inet4, .inet6, .json, .geometry:
            false
        }
    }
}
