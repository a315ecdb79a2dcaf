extension ColumnType {
    /// The values that a column of integers can hold; nil for every other type. A `YEAR` can hold 0 as well.
    var integerRange: IntegerRange? {
        switch self {
        case .integer(let bits, let signed, _): IntegerRange(bits: bits, signed: signed)
        case .year: IntegerRange(lower: 1901, upper: 2155)
        case .bit(let width): IntegerRange(bits: width, signed: false)
        case .decimal, .float, .double, .date, .time, .datetime, .timestamp, .text, .enumeration, .set,
            .binary,
            .uuid, .inet4, .inet6, .json, .geometry:
            nil
        }
    }

    /// The type and the form in which its values are given, as the second half of an error message.
    var acceptedForm: String {
        switch self {
        case .integer(let bits, let signed, _):
            "\(Self.integerName(bits: bits))\(signed ? "" : " UNSIGNED"): give an integer \(integerBounds)"
        case .year: "YEAR: give 0 or an integer \(integerBounds)"
        case .bit(let width): "BIT(\(width)): give an integer \(integerBounds)"
        case .decimal(let precision, let scale, let unsigned):
            "DECIMAL(\(precision),\(scale))\(unsigned ? " UNSIGNED" : ""): give a number, or a string of one, with "
                + "at most \(precision - scale) digits before the point and \(scale) after it"
        case .float: "FLOAT: give a number within ±3.4e38"
        case .double: "DOUBLE: give a number within ±1.7e308"
        case .date: "DATE: give a string like '2026-11-22'"
        case .time(let digits): "TIME: give a string like '\(Self.clock(digits))', within ±838:59:59"
        case .datetime(let digits): "DATETIME: give a string like '2026-11-22T\(Self.clock(digits))'"
        case .timestamp(let digits):
            "TIMESTAMP: give a string in UTC like '2026-11-22T\(Self.clock(digits))Z'"
        case .text: "text: give a string"
        case .enumeration: "ENUM: give a label as a string"
        case .set: "SET: give the labels as one string"
        case .binary: "bytes: give a base64 string with padding (RFC 4648)"
        case .uuid: "UUID: give a string like '123e4567-e89b-12d3-a456-426614174000'"
        case .inet4: "INET4: give a string like '192.0.2.1'"
        case .inet6: "INET6: give a string like '2001:db8::1'"
        case .json: "JSON: such a column cannot be a key"
        case .geometry: "GEOMETRY: such a column cannot be a key"
        }
    }

    /// A time of day as an example, with as many fraction digits as the column keeps.
    private static func clock(_ fraction: Int) -> String {
        "10:39:00" + (fraction > 0 ? "." + "123456".prefix(fraction) : "")
    }

    private var integerBounds: String {
        integerRange.map { "from \($0.lower) to \($0.upper)" } ?? ""
    }

    private static func integerName(bits: Int) -> String {
        switch bits {
        case 8: "TINYINT"
        case 16: "SMALLINT"
        case 24: "MEDIUMINT"
        case 32: "INT"
        default: "BIGINT"
        }
    }
}

extension Literal {
    /// The literal as an error message quotes it, strings in quotes, and the beginning only of what is long.
    var quoted: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let text): QuotedInput.shortened(text)
        case .string(let text): QuotedInput.quoted(text)
        }
    }
}
