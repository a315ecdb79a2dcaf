/// The members of a row of `information_schema.COLUMNS` that decide a column's type.
/// https://mariadb.com/kb/en/information-schema-columns-table/
package struct ColumnInformation: Sendable {
    /// `DATA_TYPE`: `varchar`.
    package var dataType: String
    /// `COLUMN_TYPE`: `varchar(80)`.
    package var columnType: String
    /// The maximum length in characters for text, and in bytes for binary data.
    package var maximumLength: Int?
    package var precision: Int?
    package var scale: Int?
    /// The number of digits behind the second.
    package var fraction: Int?
    package var charset: String?
    package var collation: String?
    /// Whether a check with `json_valid` makes the column, a `LONGTEXT`, a `JSON` of MariaDB.
    package var hasJSONCheck: Bool

    package init(
        dataType: String, columnType: String, maximumLength: Int? = nil, precision: Int? = nil,
        scale: Int? = nil,
        fraction: Int? = nil, charset: String? = nil, collation: String? = nil, hasJSONCheck: Bool = false
    ) {
        self.dataType = dataType
        self.columnType = columnType
        self.maximumLength = maximumLength
        self.precision = precision
        self.scale = scale
        self.fraction = fraction
        self.charset = charset
        self.collation = collation
        self.hasJSONCheck = hasJSONCheck
    }

    /// The column's type. One that this version does not know is shown as text if it has a character set, and
    /// as base64 otherwise.
    package var type: ColumnType {
        if hasJSONCheck { return .json }
        return numericType ?? temporalType ?? otherType
    }

    private var isUnsigned: Bool { columnType.contains(" unsigned") }

    private var numericType: ColumnType? {
        switch dataType {
        case "tinyint": integer(bits: 8)
        case "smallint": integer(bits: 16)
        case "mediumint": integer(bits: 24)
        case "int": integer(bits: 32)
        case "bigint": integer(bits: 64)
        case "year": .year
        case "bit": .bit(width: precision ?? 1)
        case "decimal": .decimal(precision: precision ?? 10, scale: scale ?? 0, unsigned: isUnsigned)
        case "float": .float
        case "double": .double
        default: nil
        }
    }

    private func integer(bits: Int) -> ColumnType {
        .integer(bits: bits, signed: !isUnsigned, zerofill: columnType.contains(" zerofill"))
    }

    private var temporalType: ColumnType? {
        switch dataType {
        case "date": .date
        case "time": .time(fraction: fraction ?? 0)
        case "datetime": .datetime(fraction: fraction ?? 0)
        case "timestamp": .timestamp(fraction: fraction ?? 0)
        default: nil
        }
    }

    private var otherType: ColumnType {
        switch dataType {
        case "uuid": return .uuid
        case "inet4": return .inet4
        case "inet6": return .inet6
        case "json": return .json
        case "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
            "geometrycollection":
            return .geometry
        default: break
        }
        guard let charset, let collation else { return .binary(length: maximumLength ?? 0) }
        switch dataType {
        case "enum": return .enumeration(charset: charset, collation: collation)
        case "set": return .set(charset: charset, collation: collation)
        default: return .text(length: maximumLength ?? 0, charset: charset, collation: collation)
        }
    }
}
