import CMariaDB
package import Relations

/// A column of a result, as the server describes it.
package struct ColumnDescription: Sendable, Hashable {
    package let name: String
    /// `MYSQL_TYPE_…`, the protocol's number: 3 = INT, 8 = BIGINT, 253 = VARCHAR, 254 = CHAR.
    package let typeCode: UInt32
    /// The server's collation number; 63 is `binary`, and also stands on every number and date.
    package let charset: UInt32
    package let isUnsigned: Bool
    /// `BINARY_FLAG`: a binary collation or type; numbers and dates have it too.
    package let isBinary: Bool
    package let isNullable: Bool
    /// Whether MariaDB says that the values are JSON documents, which are text to the protocol; false if that
    /// was not read. https://mariadb.com/kb/en/result-set-packets/#column-definition-packet
    package let isJSON: Bool

    /// - Parameter readsFormat: whether `isJSON` is read, which costs time.
    init(_ field: MYSQL_FIELD, readsFormat: Bool) {
        name = String(
            decoding: UnsafeRawBufferPointer(start: field.name, count: Int(field.name_length)), as: UTF8.self)
        typeCode = field.type.rawValue
        charset = field.charsetnr
        isUnsigned = field.flags & UInt32(UNSIGNED_FLAG) != 0
        isBinary = field.flags & UInt32(BINARY_FLAG) != 0
        isNullable = field.flags & UInt32(NOT_NULL_FLAG) == 0
        isJSON = readsFormat && Self.format(of: field) == "json"
    }

    private static func format(of field: MYSQL_FIELD) -> String? {
        var field = field
        var format = MARIADB_CONST_STRING()
        guard mariadb_field_attr(&format, &field, MARIADB_FIELD_ATTR_FORMAT_NAME) == 0, format.length > 0
        else { return nil }
        return String(
            decoding: UnsafeRawBufferPointer(start: format.str, count: format.length), as: UTF8.self)
    }

    static func all(
        of result: UnsafeMutablePointer<MYSQL_RES>, readsFormat: Bool = false
    ) -> [ColumnDescription] {
        fields(of: result).map { Self($0, readsFormat: readsFormat) }
    }
}

extension ColumnDescription {
    /// The form of the values in the text protocol.
    package var kind: CellKind { CellKind(typeCode: typeCode, charset: charset) }
}

/// What libmariadb says of a result's columns; valid as long as the result.
func fields(of result: UnsafeMutablePointer<MYSQL_RES>) -> UnsafeBufferPointer<MYSQL_FIELD> {
    UnsafeBufferPointer(start: mysql_fetch_fields(result), count: Int(mysql_num_fields(result)))
}

extension CellKind {
    init(_ field: MYSQL_FIELD) { self.init(typeCode: field.type.rawValue, charset: field.charsetnr) }

    /// - Parameter typeCode: `MYSQL_TYPE_…`: https://mariadb.com/kb/en/result-set-packets/#field-types
    fileprivate init(typeCode: UInt32, charset: UInt32) {
        self =
            switch typeCode {
            case 1, 2, 3, 8, 9, 13: .integer  // TINY, SHORT, LONG, LONGLONG, INT24, YEAR
            case 16: .bit
            case 0, 246: .decimal
            case 4, 5: .real
            // The second of each is its newer form.
            case 7, 17: .timestamp
            case 10, 14: .date
            case 11, 19: .time
            case 12, 18: .datetime
            case 6: .null
            default: charset == Self.binaryCollation ? .bytes : .text
            }
    }

    private static let binaryCollation: UInt32 = 63
}
