import Relations

/// Writes SQL: the only place where values become SQL. The text is for a connection whose character set is
/// `utf8mb4` and whose `sql_mode` has neither `NO_BACKSLASH_ESCAPES` nor `ANSI_QUOTES`.
struct SQLWriter {
    private(set) var bytes: [UInt8] = []
    /// What only the server's kind of SQL says, such as how a `SELECT` under another `sql_mode` begins.
    let dialect: Dialect
    /// Where in `bytes` the `SELECT` begins.
    private(set) var selectOffset = 0

    init(_ dialect: Dialect) {
        self.dialect = dialect
    }

    /// Goes on behind what another one has written.
    /// - Parameter capacity: the bytes for which room is made at once.
    init(continuing begun: SQLWriter, capacity: Int) {
        dialect = begun.dialect
        selectOffset = begun.selectOffset
        bytes.reserveCapacity(capacity)
        bytes.append(contentsOf: begun.bytes)
    }

    // SELECT …
    // SET STATEMENT sql_mode='ALLOW_INVALID_DATES' FOR SELECT …
    // SELECT /*+ SET_VAR(sql_mode='ALLOW_INVALID_DATES') */ …
    /// Begins the statement.
    /// - Parameter variables: system variables that have these values for it, other than the session's.
    mutating func select(under variables: [(name: StaticString, value: String)]) {
        guard !variables.isEmpty else { return write("SELECT ") }
        let (before, select) = dialect.select(under: variables)
        write(before)
        selectOffset = bytes.count
        write(select)
    }

    mutating func write(_ sql: String) {
        bytes.append(contentsOf: sql.utf8)
    }

    mutating func write(_ sql: [UInt8]) {
        bytes.append(contentsOf: sql)
    }

    /// Writes an identifier that was read from the server: `` `odd``name` ``.
    mutating func identifier(_ name: String) {
        SQLIdentifier.append(name, to: &bytes)
    }

    /// Writes a column: `` t.`author_id` ``.
    mutating func column(_ name: String, of alias: String) {
        write(alias)
        bytes.append(UInt8(ascii: "."))
        identifier(name)
    }

    mutating func list<Element>(
        _ elements: some Sequence<Element>, separator: String = ",",
        _ write: (inout SQLWriter, Element) -> Void
    ) {
        // Appending a byte costs a tenth of appending a `String`, and there may be hundreds of keys.
        let isComma = separator == ","
        var isFirst = true
        for element in elements {
            if isFirst {
                isFirst = false
            } else if isComma {
                bytes.append(UInt8(ascii: ","))
            } else {
                self.write(separator)
            }
            write(&self, element)
        }
    }

    /// Writes a value as a literal of the column's type and never of another: `42`, `-1.50`, `'O\'Brien'`,
    /// `x'00FF'`.
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
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { digits in
            guard let start = digits.baseAddress else { return }
            let end = UnsafeMutableRawPointer(start + capacity)
            let count = DecimalDigits.write(UInt64(value.magnitude), endingAt: end)
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[(capacity - count)...]))
        }
    }

    /// Writes a text in UTF-8 as `'…'`. https://mariadb.com/kb/en/string-literals/
    private mutating func quoted(_ text: [UInt8]) {
        bytes.append(UInt8(ascii: "'"))
        append(text, where: { $0 == 0 || $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\\") }) { sql, byte in
            sql.bytes.append(UInt8(ascii: "\\"))
            sql.bytes.append(byte == 0 ? UInt8(ascii: "0") : byte)
        }
        bytes.append(UInt8(ascii: "'"))
    }

    /// Appends a text, of which the bytes between those to be escaped are copied at once: most texts have
    /// none of these.
    @inline(__always)
    private mutating func append(
        _ text: [UInt8], where isSpecial: (UInt8) -> Bool, _ escape: (inout SQLWriter, UInt8) -> Void
    ) {
        var start = 0
        for index in text.indices where isSpecial(text[index]) {
            bytes.append(contentsOf: text[start..<index])
            escape(&self, text[index])
            start = index + 1
        }
        bytes.append(contentsOf: text[start...])
    }

    /// Writes a value as a JSON string within a quoted SQL string: with `\'` for a quote and, because both
    /// languages use backslashes, `\\"` for a double quote and `\\\\` for a backslash.
    mutating func jsonString(_ scalar: Scalar) {
        bytes.append(UInt8(ascii: "\""))
        switch scalar {
        case .integer(let value): decimal(value)
        case .unsigned(let value): decimal(value)
        case .bytes(let value): hex(value)
        case .text(let text):
            append(text, where: Self.isSpecialInJSON) { sql, byte in sql.jsonEscape(byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isSpecialInJSON(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "'")
    }

    private mutating func jsonEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): write("\\\\\"")
        case UInt8(ascii: "\\"): write("\\\\\\\\")
        case UInt8(ascii: "'"): write("\\'")
        default:
            write("\\\\u00")
            hex([byte])
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
