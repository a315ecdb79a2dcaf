/// Types whose values can be compared with one another without a coercion that changes what is equal.
package enum KeyFamily: Hashable, Sendable {
    case integer
    case year
    case bit
    case decimal
    case float
    case double
    /// `DATE`, `DATETIME` and `TIMESTAMP`.
    case day
    case time
    /// Texts, and the labels of `ENUM` and `SET`.
    case text
    case bytes
    case uuid
    case inet4
    case inet6

    /// The family of a type; nil for those that cannot be keys, which are JSON documents and geometries.
    package init?(_ type: ColumnType) {
        switch type {
        case .integer: self = .integer
        case .year: self = .year
        case .bit: self = .bit
        case .decimal: self = .decimal
        case .float: self = .float
        case .double: self = .double
        case .date, .datetime, .timestamp: self = .day
        case .time: self = .time
        case .text, .enumeration, .set: self = .text
        case .binary: self = .bytes
        case .uuid: self = .uuid
        case .inet4: self = .inet4
        case .inet6: self = .inet6
        case .json, .geometry: return nil
        }
    }

    /// Whether two values of the family are equal if, and only if, their canonical forms are the same bytes.
    /// Only then may a returned key be compared with a requested one.
    package var isDecidedByBytes: Bool {
        switch self {
        case .integer, .year, .bit: true
        case .decimal, .float, .double, .day, .time, .text, .bytes, .uuid, .inet4, .inet6: false
        }
    }
}
