import Relations

/// The one place where names and values become SQL. The text is for a connection whose character set is
/// utf8mb4 and whose sql_mode has neither `NO_BACKSLASH_ESCAPES` nor `ANSI_QUOTES`.
struct SQLWriter {
    private(set) var bytes: [UInt8] = []
    /// How the statement's `SELECT` is begun, and whatever else its server has its own words for.
    let dialect: Dialect
    /// Where in `bytes` the `SELECT` begins.
    private(set) var selectOffset = 0

    init(_ dialect: Dialect) {
        self.dialect = dialect
    }

    // SELECT …
    // SET STATEMENT sql_mode='ALLOW_INVALID_DATES' FOR SELECT …
    /// Begins the statement.
    /// - Parameter sqlMode: the `sql_mode` that it must run under; nil: the session's.
    mutating func select(underMode sqlMode: String? = nil) {
        guard let sqlMode else { return write("SELECT ") }
        let (before, select) = dialect.select(underMode: sqlMode)
        write(before)
        selectOffset = bytes.count
        write(select)
    }

    mutating func write(_ sql: String) {
        bytes.append(contentsOf: sql.utf8)
    }

    /// `` `odd``name` `` for an identifier that was read from the server.
    mutating func identifier(_ name: String) {
        SQLIdentifier.append(name, to: &bytes)
    }

    /// `` t.`author_id` ``
    mutating func column(_ name: String, of alias: String) {
        write(alias)
        bytes.append(UInt8(ascii: "."))
        identifier(name)
    }

    mutating func list<Element>(
        _ elements: some Sequence<Element>, separator: String = ",",
        _ write: (inout SQLWriter, Element) -> Void
    ) {
        var isFirst = true
        for element in elements {
            if !isFirst { self.write(separator) }
            isFirst = false
            write(&self, element)
        }
    }

    /// `42`, `-1.50`, `'O\'Brien'`, `x'00FF'`: a literal of the type that the column has, never of another.
    mutating func literal(_ scalar: Scalar, as type: ColumnType) {
        switch scalar {
        case .integer(let value): decimal(value)
        case .unsigned(let value): decimal(value)
        case .bytes(let value):
            write("x'")
            hex(value)
            write("'")
        case .text(let text):
            switch type {
            case .decimal: bytes.append(contentsOf: text)
            default: quoted(text)
            }
        }
    }

    private mutating func decimal(_ value: some FixedWidthInteger) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let capacity = DecimalDigits.maxCount
        // `String(value)` would take most of the time of a list of keys.
        withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { digits in
            guard let start = digits.baseAddress else { return }
            let count = DecimalDigits.write(UInt64(value.magnitude), endingAt: start + capacity)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: digits[(capacity - count)...]))
        }
    }

    /// `'…'` for UTF-8 text. https://mariadb.com/kb/en/string-literals/
    private mutating func quoted(_ text: [UInt8]) {
        bytes.append(UInt8(ascii: "'"))
        for byte in text { escaped(byte) }
        bytes.append(UInt8(ascii: "'"))
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case 0: write("\\0")
        case UInt8(ascii: "'"), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        default: bytes.append(byte)
        }
    }

    /// A value as a JSON string within a quoted SQL string: `\'` for a quote and, because both languages take
    /// backslashes, `\\"` for a double quote and `\\\\` for a backslash.
    mutating func jsonString(_ scalar: Scalar) {
        bytes.append(UInt8(ascii: "\""))
        switch scalar {
        case .integer(let value): write(String(value))
        case .unsigned(let value): write(String(value))
        case .bytes(let value): hex(value)
        case .text(let text): for byte in text { jsonEscaped(byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func jsonEscaped(_ byte: UInt8) {
        switch byte {
        case 0..<0x20:
            write("\\\\u00")
            hex([byte])
        case UInt8(ascii: "\""): write("\\\\\"")
        case UInt8(ascii: "\\"): write("\\\\\\\\")
        case UInt8(ascii: "'"): write("\\'")
        default: bytes.append(byte)
        }
    }

    private mutating func hex(_ value: [UInt8]) {
        let digits: StaticString = "0123456789ABCDEF"
        for byte in value {
            bytes.append(digits.utf8Start[Int(byte >> 4)])
            bytes.append(digits.utf8Start[Int(byte & 15)])
        }
    }
}
