import CMariaDB

/// One column of a result, as the server described it.
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

    init(_ field: MYSQL_FIELD) {
        name = String(
            decoding: UnsafeRawBufferPointer(start: field.name, count: Int(field.name_length)), as: UTF8.self)
        typeCode = field.type.rawValue
        charset = field.charsetnr
        isUnsigned = field.flags & UInt32(UNSIGNED_FLAG) != 0
        isBinary = field.flags & UInt32(BINARY_FLAG) != 0
        isNullable = field.flags & UInt32(NOT_NULL_FLAG) == 0
    }

    static func all(of result: UnsafeMutablePointer<MYSQL_RES>) -> [ColumnDescription] {
        UnsafeBufferPointer(start: mysql_fetch_fields(result), count: Int(mysql_num_fields(result))).map(
            Self.init)
    }
}
