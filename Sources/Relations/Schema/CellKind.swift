/// What the text of a column's values looks like, as the server described the column.
package enum CellKind: Hashable, Sendable {
    case integer
    case bit
    case decimal
    case real
    case date, time, datetime, timestamp
    case text
    /// Bytes without a character set, and whatever else is shown as a string.
    case bytes
    /// A bare `NULL`, which has no type.
    case null

    /// Whether values of this kind have the text form of the type.
    package func holds(_ type: ColumnType) -> Bool {
        if self == .null { return true }
        return switch type {
        case .integer, .year: self == .integer
        case .bit: self == .bit
        case .decimal: self == .decimal
        // A FLOAT is asked for as a DOUBLE.
        case .float, .double: self == .real
        case .date: self == .date
        case .time: self == .time
        case .datetime: self == .datetime
        case .timestamp: self == .timestamp
        case .text: self == .text
        case .binary, .geometry: self == .bytes
        // It depends on the server's version; and an ENUM may have the character set `binary`.
        case .uuid, .inet4, .inet6, .enumeration, .set, .json: self == .text || self == .bytes
        }
    }
}
