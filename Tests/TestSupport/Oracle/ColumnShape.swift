import Foundation

/// The form of a column's values in SQL and in JSON. It is derived from the column's declaration,
/// independently of the daemon.
package enum ColumnShape: Sendable {
    case integer, bit, decimal, float, double, text, datetime, timestamp, binary, json

    package init(declaration: String) {
        let word = declaration.lowercased().prefix { $0.isLetter || $0.isNumber }
        switch word {
        case "tinyint", "smallint", "mediumint", "int", "bigint", "year": self = .integer
        case "bit": self = .bit
        case "decimal": self = .decimal
        case "float": self = .float
        case "double": self = .double
        case "datetime": self = .datetime
        case "timestamp": self = .timestamp
        case "json": self = .json
        case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "point", "geometry":
            self = .binary
        default: self = .text
        }
    }

    /// Returns an SQL expression for the value of `column` that JSON shows, in a session in UTC.
    package func expression(_ column: String) -> String {
        switch self {
        case .integer, .bit: "\(column)+0"  // a ZEROFILL loses its zeros, a BIT becomes a number
        case .decimal: "CAST(\(column) AS CHAR)"
        case .float, .double: "CAST(\(column) AS DOUBLE)"
        case .text: "CAST(\(column) AS CHAR CHARACTER SET utf8mb4)"
        case .datetime: "REPLACE(CAST(\(column) AS CHAR), ' ', 'T')"
        case .timestamp: "CONCAT(REPLACE(CAST(\(column) AS CHAR), ' ', 'T'), 'Z')"
        case .binary: "REPLACE(TO_BASE64(\(column)), '\\n', '')"
        case .json: column
        }
    }

    /// Returns the SQL literal that equals a shown value exactly.
    package func literal(_ shown: String, quote: (String) -> String) -> String {
        switch self {
        case .integer, .bit, .decimal: shown
        case .float, .double: shown.contains("e") ? shown : shown + "e0"
        case .text, .json: quote(shown)
        case .datetime, .timestamp:
            quote(shown.replacing("T", with: " ").replacing("Z", with: ""))
        case .binary: "FROM_BASE64(\(quote(shown)))"
        }
    }

    /// Returns a shown value as a client writes it into a request.
    package func json(_ shown: String) -> String {
        switch self {
        case .integer, .bit, .float, .double: shown
        case .decimal, .text, .datetime, .timestamp, .binary, .json: JSONValue.quoted(shown)
        }
    }

    /// Returns whether a value of a reply is the one that the database shows.
    package func accepts(_ got: JSONValue, for shown: String?) -> Bool {
        guard let shown else { return got == .null }
        switch self {
        case .integer, .bit: return got == .number(shown)
        case .double: return accepts(got, Double(shown), Double.init)
        // The database shows the double that the float was widened to.
        case .float: return accepts(got, Double(shown).map { Float($0) }, Float.init)
        case .decimal, .text, .datetime, .timestamp, .binary: return got == .string(shown)
        case .json: return (try? JSONValue(shown)) == got
        }
    }

    /// Returns whether a value is the same number, in no more digits than its shortest form has.
    private func accepts<Number: BinaryFloatingPoint & CustomStringConvertible>(
        _ got: JSONValue, _ expected: Number?, _ read: (String) -> Number?
    ) -> Bool {
        guard let digits = got.number, let expected, read(digits) == expected else { return false }
        return Self.significantDigits(digits) <= Self.significantDigits(expected.description)
    }

    private static func significantDigits(_ number: String) -> Int {
        let mantissa = number.lowercased().prefix { $0 != "e" }.filter(\.isNumber)
        let significant = mantissa.drop { $0 == "0" }.reversed().drop { $0 == "0" }
        return significant.count
    }
}
